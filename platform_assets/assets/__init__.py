"""What a declaration becomes in Dagster: tables, documents, tables of databases, and what builds and publishes them."""
