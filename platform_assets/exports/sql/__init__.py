"""Tables of SQL databases that rows of the lake are written to: PostgreSQL, MySQL and MariaDB, SQLite."""
