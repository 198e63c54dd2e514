"""The failure matrix for real, on a running stack whose servers stand behind proxies: ``make resilience``."""
