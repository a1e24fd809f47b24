"""Purchases: a table of a database, kept with its history out of daily snapshots."""
