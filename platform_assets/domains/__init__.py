"""Where each domain lives: one folder each, with all that there is of it."""
