"""Measurements by hand; each says its machine and prints a last line RESULT {…}."""
