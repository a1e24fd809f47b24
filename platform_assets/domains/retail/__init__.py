"""Retail: sales files joined to the customers, stores and sellers of their day, totals of the month, incentives."""
