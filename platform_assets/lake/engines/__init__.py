"""The engines that run transforms: how each starts, hands out its session, reads files and stops."""
