"""What of fees waits for somebody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import ngettext

from apps.accounts.models import User
from apps.fees.selectors import concessions_seen
from apps.office.fees.selectors import may
from apps.office.shell.rooms import Waiting


def waiting(by: User, day: dt.date) -> Iterator[Waiting]:  # noqa: ARG001 - a room's signature
    """Concessions that somebody else asked for."""
    if may("fees.approve", by) and may("fees.view", by):
        asked = concessions_seen(by=by).filter(approved_at__isnull=True, ended_at__isnull=True).exclude(asked_by=by)
        number = asked.count()
        words = ngettext("%d concession to approve", "%d concessions to approve", number) % number
        yield Waiting("concessions", number, words, f"{reverse('office:fees_concession_changelist')}?stands=asked")
