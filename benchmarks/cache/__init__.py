"""What the cache costs, what forgetting a school costs, and how many load when many miss at once."""
