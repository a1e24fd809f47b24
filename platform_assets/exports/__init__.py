"""What leaves the lake: documents such as CSV files, one for each day and a latest one, and tables of databases."""
