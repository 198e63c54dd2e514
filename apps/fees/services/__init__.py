"""Writes: the chart of accounts, and what is posted to it."""

from apps.fees.services.accounts import add_account, change_account, close_books, seed_accounts
from apps.fees.services.posting import HandLeg, Leg, Posting, post, post_all, post_by_hand

__all__ = [
    "HandLeg",
    "Leg",
    "Posting",
    "add_account",
    "change_account",
    "close_books",
    "post",
    "post_all",
    "post_by_hand",
    "seed_accounts",
]
