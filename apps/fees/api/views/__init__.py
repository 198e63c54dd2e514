"""The API of fees."""
