"""What a declaration becomes in Dagster: tables, raw tables, documents, and what they are built and published with."""
