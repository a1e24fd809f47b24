"""What is due and why, and the runs that mend it: the one place that finds it out."""
