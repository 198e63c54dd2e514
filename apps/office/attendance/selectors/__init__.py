"""Reads for the pages about attendance."""
