"""From delivered files to raw tables: what lies in landing, how each format is read, and which rows are good."""
