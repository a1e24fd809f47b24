"""What several tests share; no test stands here but those of the helpers themselves."""
