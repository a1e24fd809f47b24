"""Published Delta tables: staging, commits, reading, and their maintenance."""
