"""Real servers that tests start on loopback: how each is found, started, broken and stopped."""
