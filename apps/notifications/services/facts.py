"""What a school tells by itself. Each fact is declared by the app that knows it, in its ``services``.

A message names its fact and a key; what it says is read from the app as it is handed over, so that it tells what is so
by then, or nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_noop

from apps.notifications.models import Channel, Message


class Amount(NamedTuple):
    """An amount of money in its currency."""

    amount: Decimal
    currency: str


# What stands for a placeholder, before it is written in the reader's language.
Value = str | Promise | int | dt.date | dt.time | dt.datetime | Amount
Told = Mapping[str, Value]
# By key of the message: what is so by now. One that is missing is not so any more.
Reader = Callable[[Sequence[Message]], Mapping[int, Told]]

# Of every fact.
COMMON: Mapping[str, str] = {
    "name": gettext_noop("the recipient’s name"),
    "school": gettext_noop("the campus’s name"),
    "link": gettext_noop("the address of the family’s pages"),
}
OF_CHILDREN: Mapping[str, str] = {"children": gettext_noop("the child’s name, or the names of brothers and sisters")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One kind of thing that is told.

    Args:
        code: kept for good, as ``attendance.absent``.
        name: as people call it.
        placeholders: what may stand in its templates beside the common ones, and what each stands for.
        subject, text: how it is worded by mail and in the inbox, where the school says nothing else.
        short: how it is worded in a text message.
        read: what is so by now, for messages of this fact, in a constant number of queries.
        on: the channels on which it is sent where the school says nothing else.
        of_children: about students, to guardians who may see them; siblings are told as one.
        critical: nobody switches it off, and no quiet hour, limit or hold keeps it.
        own: about the recipient's own affairs, as their bill: whether they may see a child is not asked, but a
            restriction closes it all the same.
        missing: why a message is not sent that ``read`` says nothing of.
    """

    code: str
    name: str
    placeholders: Mapping[str, str] = field(default_factory=dict)
    subject: str
    text: str
    short: str
    read: Reader
    on: frozenset[Channel] = frozenset({Channel.EMAIL, Channel.INBOX})
    of_children: bool = True
    critical: bool = False
    own: bool = False
    missing: Message.Reason = Message.Reason.NO_LONGER_SO

    @property
    def allowed(self) -> Mapping[str, str]:
        """Every placeholder that its templates may hold."""
        return {**COMMON, **(OF_CHILDREN if self.of_children else {}), **self.placeholders}


_facts: dict[str, Fact] = {}


def declare(*facts: Fact) -> None:
    """Add what an app tells. Raises ``ValueError`` for a code that is there already."""
    for fact in facts:
        if fact.code in _facts:
            raise ValueError(f"The fact {fact.code} is declared twice.")
        _facts[fact.code] = fact


def facts() -> Mapping[str, Fact]:
    """Every fact, by its code."""
    return _facts


def nothing_more(messages: Sequence[Message]) -> dict[int, dict[str, Any]]:
    """For facts that stay so, and need no more than what is common."""
    return {message.pk: {} for message in messages}
