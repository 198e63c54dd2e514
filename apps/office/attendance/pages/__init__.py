"""Pages about attendance."""
