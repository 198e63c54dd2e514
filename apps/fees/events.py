"""What happened to fees, as facts made of ids."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BillsDue:
    """The bills of a run are to be made, or those that are left of it."""

    run_id: int


@dataclass(frozen=True, slots=True)
class BillsOverdue:
    """Guardians are to be reminded of what they owe a campus."""

    institution_id: int
    day: dt.date
    guardian_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GatewayWrote:
    """Something became of a card payment, and the gateway is to be asked what."""

    intent_id: int


@dataclass(frozen=True, slots=True)
class CardRefundAsked:
    """What of a card payment is to be given back through its gateway, under ``key``."""

    payment_id: int
    amount: str
    reason: str
    by_id: int
    key: str


@dataclass(frozen=True, slots=True)
class BankLinesConfirmed:
    """Lines of a bank's file are to be taken, or those that are left of it."""

    statement_id: int
