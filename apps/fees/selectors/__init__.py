"""Reads: the chart of accounts with its balances, what was posted, what is charged, and bills."""

from apps.fees.selectors.billing import (
    choices_seen,
    concessions_seen,
    credit_notes_seen,
    invoices_called,
    invoices_followed,
    invoices_seen,
    items_seen,
    outcomes_seen,
    payers_of,
    preview_of,
    printed_number,
    runs_seen,
    student_at,
    with_parts,
)
from apps.fees.selectors.ledger import accounts_seen, books_seen, entries_seen

__all__ = [
    "accounts_seen",
    "books_seen",
    "choices_seen",
    "concessions_seen",
    "credit_notes_seen",
    "entries_seen",
    "invoices_called",
    "invoices_followed",
    "invoices_seen",
    "items_seen",
    "outcomes_seen",
    "payers_of",
    "preview_of",
    "printed_number",
    "runs_seen",
    "student_at",
    "with_parts",
]
