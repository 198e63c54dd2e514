"""The start page, and the search over everything."""
