"""The API of examinations."""
