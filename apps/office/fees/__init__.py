"""Fees in the office."""
