"""A data platform of daily tables, each declared once and published only when it is right."""
