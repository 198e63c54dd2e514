"""Who waits to come in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Count, DateTimeField, Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import ngettext

from apps.access.selectors import reaches_everything
from apps.accounts.models import OneTimeLink, User
from apps.office.shell.rooms import Waiting
from schoolops import clock
from schoolops.tenancy.compiled import Compiled, Parameter

# An invitation that nobody followed for as long will not be followed.
INVITED_FOR = dt.timedelta(days=7)


def _never_came() -> QuerySet[User, int]:
    since: Any = Parameter("since", DateTimeField())
    invitations = OneTimeLink.objects.filter(user=OuterRef("pk"), purpose=OneTimeLink.Purpose.INVITE)
    lately = invitations.filter(created_at__gte=since)
    waiting = User.objects.filter(is_active=True, password__startswith=UNUSABLE_PASSWORD_PREFIX)
    found = waiting.filter(Exists(invitations), ~Exists(lately)).order_by()
    counted: Any = found.values("is_active").annotate(number=Count("pk"))
    numbers: QuerySet[User, int] = counted.values_list("number", flat=True)
    return numbers


_NEVER_CAME: Compiled[int] = Compiled(_never_came)


def waiting(by: User, day: dt.date) -> Iterator[Waiting]:  # noqa: ARG001 - what every room is asked
    """People who were invited long ago, not invited again since, and never came."""
    if not reaches_everything(by, "accounts.view"):
        return
    number = _NEVER_CAME.first(since=clock.now() - INVITED_FOR) or 0
    words = ngettext(
        "%d person was invited over a week ago and never came",
        "%d people were invited over a week ago and never came",
        number,
    )
    yield Waiting("invited-never-came", number, words % number, reverse("office:accounts_user_changelist"))
