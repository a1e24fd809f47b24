"""What is written about the tables for people, from their declarations."""
