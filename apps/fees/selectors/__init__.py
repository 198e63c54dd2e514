"""Reads: the chart of accounts with its balances, and what was posted."""

from apps.fees.selectors.ledger import accounts_seen, books_seen, entries_seen, signed

__all__ = ["accounts_seen", "books_seen", "entries_seen", "signed"]
