"""Releases and indexes on their way to every school."""
