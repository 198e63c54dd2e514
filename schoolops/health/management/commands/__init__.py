"""Health's commands."""
