"""What of fees waits for somebody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import ngettext

from apps.accounts.models import User
from apps.fees.selectors import bank_lines_seen, concessions_seen
from apps.office.fees.selectors import may
from apps.office.shell.rooms import Waiting


def waiting(by: User, day: dt.date) -> Iterator[Waiting]:  # noqa: ARG001 - a room's signature
    """Concessions that somebody else asked for, and lines of banks that are nobody's yet."""
    if may("fees.approve", by) and may("fees.view", by):
        asked = concessions_seen(by=by).filter(approved_at__isnull=True, ended_at__isnull=True).exclude(asked_by=by)
        number = asked.count()
        words = ngettext("%d concession to approve", "%d concessions to approve", number) % number
        yield Waiting("concessions", number, words, f"{reverse('office:fees_concession_changelist')}?stands=asked")
    if may("fees.collect", by):
        number = bank_lines_seen(by=by).filter(state="waiting").count()
        words = ngettext("%d line of a bank to look at", "%d lines of a bank to look at", number) % number
        yield Waiting("bank-lines", number, words, reverse("office:bank-statements"))
