"""Reads for the start page."""
