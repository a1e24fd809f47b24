"""Benchmarks: the platform beside what a user would write by hand; `make bench` runs them."""
