"""Reads for the pages of the office."""
