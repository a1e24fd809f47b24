"""Telemetry: readings of trucks' sensors, of which new ones appear without notice."""
