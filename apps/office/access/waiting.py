"""Who waits to come in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import ngettext

from apps.access.selectors import reaches_everything
from apps.accounts.models import OneTimeLink, User
from apps.office.shell.rooms import Waiting
from schoolops import clock

# An invitation that nobody followed for as long will not be followed.
INVITED_FOR = dt.timedelta(days=7)


def waiting(by: User, day: dt.date) -> Iterator[Waiting]:  # noqa: ARG001 - what every room is asked
    """People who were invited long ago, not invited again since, and never came."""
    if not reaches_everything(by, "accounts.view"):
        return
    invitations = OneTimeLink.objects.filter(user=OuterRef("pk"), purpose=OneTimeLink.Purpose.INVITE)
    lately = invitations.filter(created_at__gte=clock.now() - INVITED_FOR)
    never_came = User.objects.filter(is_active=True, password__startswith=UNUSABLE_PASSWORD_PREFIX)
    number = never_came.filter(Exists(invitations), ~Exists(lately)).count()
    words = ngettext(
        "%d person was invited over a week ago and never came",
        "%d people were invited over a week ago and never came",
        number,
    )
    yield Waiting("invited-never-came", number, words % number, reverse("office:accounts_user_changelist"))
