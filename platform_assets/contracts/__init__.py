"""What a table promises (Pandera models), and what the platform derives from it."""
