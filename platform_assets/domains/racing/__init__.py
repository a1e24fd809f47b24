"""Racing: the races of a season, their winners and fastest laps."""
