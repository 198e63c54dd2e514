"""The API of attendance."""
