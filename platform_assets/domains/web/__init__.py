"""The web domain: what users did on web sites, as hits, hourly statistics, sessions and exports."""
