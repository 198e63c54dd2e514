"""Bank statements: read from whatever a bank exports, and laid beside what families owe."""

from apps.exchange.services.bank.receiving import map_statement, read_statement, receive_statement

__all__ = ["map_statement", "read_statement", "receive_statement"]
