"""What runs by itself: schedules and sensors that ask the plan, and what they do with its answer."""
