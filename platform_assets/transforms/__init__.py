"""Pure functions from columns and DataFrames to columns and DataFrames that more than one table uses."""
