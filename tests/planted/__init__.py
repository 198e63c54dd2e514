"""Faults that are planted to see that the command whose business they are turns red: ``python -m tests.planted``."""
