"""The periods of a day, and when a class meets."""
