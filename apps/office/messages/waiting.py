"""What of messages waits for somebody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import User
from apps.notifications import selectors, services
from apps.office.messages.selectors import may
from apps.office.shell.rooms import Waiting


def waiting(by: User, day: dt.date) -> Iterator[Waiting]:  # noqa: ARG001 - a room's signature
    """Messages in doubt, addresses that bounced, and that everything is held."""
    if not may("messages.configure", by) or not may("messages.view", by):
        return
    standing, here = selectors.standing(by=by), reverse("office:messages")
    words = ngettext("%d message in doubt", "%d messages in doubt", standing.unknown) % standing.unknown
    yield Waiting("doubts", standing.unknown, words, f"{here}?state=outcome_unknown")
    words = ngettext("%d address bounced", "%d addresses bounced", standing.bounced) % standing.bounced
    yield Waiting("bounced", standing.bounced, words, f"{here}#bounced")
    if services.outgoing().held_at is not None:
        yield Waiting("held", 1, _("Everything outgoing is held"), here)
