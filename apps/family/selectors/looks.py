"""Who looked at a child's data, and worked on it, as the trail says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.models import User
from apps.family.selectors.children import Child
from apps.institutions.models import Section
from apps.students.models import SectionMembership, Student
from schoolops.audit.models import AuditEntry
from schoolops.audit.trail import object_id

# As many lines as a page shows, of as many days.
MOST, DAYS = 100, 365


# What the trail says → what a family reads of it.
WORDS: Mapping[str, Any] = {
    "students.looked-at": gettext_lazy("Opened the child’s page"),
    "family.seen-as": gettext_lazy("Looked at these pages as a guardian sees them"),
    "office.list-printed": gettext_lazy("Printed a list of the section"),
    "exchange": gettext_lazy("Took data away as a file"),
    "students": gettext_lazy("Changed what is written of the child"),
    "attendance": gettext_lazy("Worked on the attendance"),
    "fees": gettext_lazy("Worked on bills and payments"),
    "reports": gettext_lazy("Worked on a report card"),
    "family": gettext_lazy("Used these pages"),
}


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody did: as the trail calls it, and as a family reads it."""

    at: dt.datetime
    who: str
    action: str
    said: str


def looks_at(child: Child, *, by: User) -> list[Look]:
    """What was done to a child and what was printed of their sections in a year, newest first. Two statements.

    Of what families did themselves ``by`` reads their own: no guardian reads when another was here.
    """
    since = child.today - dt.timedelta(days=DAYS)
    members = list(SectionMembership.objects.filter(student=child.student).select_related("section__year"))
    lists = Q(pk__in=[])
    for each in members:
        lists |= Q(object_id=object_id(each.section), at__date__gte=each.starts_on, at__date__lt=each.until)
    printed = Q(lists, object_type=Section._meta.label_lower, action="office.list-printed")
    own = Q(object_type=Student._meta.label_lower, object_id=object_id(child.student))
    theirs = Q(action__startswith="family.feed-") | Q(action="fees.card-payment-begun")
    own &= ~theirs | Q(actor_id=by.audit_id)
    rows = AuditEntry.objects.filter(own | printed, at__date__gte=since).order_by("-id")[:MOST]
    return [Look(each.at, each.actor_name, each.action, _said(each.action)) for each in rows]


def _said(action: str) -> str:
    return str(WORDS.get(action) or WORDS.get(action.partition(".")[0]) or _("Worked on it"))
