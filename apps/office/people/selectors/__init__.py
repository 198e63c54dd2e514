"""Reads for the pages about people."""
