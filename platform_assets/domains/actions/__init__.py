"""The actions domain: opens and closes, counted in windows and minutes, and the busiest windows."""
