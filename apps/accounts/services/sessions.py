"""Sessions in a browser."""

from __future__ import annotations

from schoolops.cache.sessions import SessionStore


def clear_sessions() -> None:
    """Delete the sessions of the current school that are over. Running ones, and whoever is in them, are untouched."""
    SessionStore.clear_expired()
