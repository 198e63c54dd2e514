"""What of the set-up waits for somebody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.access.selectors import reaches_everything
from apps.accounts.models import User
from apps.institutions.models import Section, holds_on
from apps.office.setup.selectors import readiness
from apps.office.shell.rooms import Waiting
from apps.staff.models import TeachingAssignment
from apps.students.models import SectionMembership
from schoolops.rows import RowStatus
from schoolops.tenancy.compiled import DAY, Compiled, Parameter


def _untaught() -> QuerySet[Section, int]:
    on: Any = Parameter("day", DAY)
    taught = TeachingAssignment.objects.filter(holds_on(on, "section__year__ends_on"), section=OuterRef("pk"))
    members = SectionMembership.objects.on(on).filter(section=OuterRef("pk"))
    untaught = Section.objects.filter(~Exists(taught), Exists(members), status=RowStatus.ACTIVE)
    return untaught.values_list("pk", flat=True)


_UNTAUGHT: Compiled[int] = Compiled(_untaught)


def waiting(by: User, day: dt.date) -> Iterator[Waiting]:
    """Sections that nobody teaches, and steps of the check-list that are missing."""
    if reaches_everything(by, "staff.manage"):
        number = len(_UNTAUGHT.all(day=day))
        words = ngettext("%d section has no teacher", "%d sections have no teacher", number) % number
        yield Waiting("section-without-teacher", number, words, reverse("office:institutions_section_changelist"))
    if reaches_everything(by, "institutions.manage"):
        lines = readiness(day, by=by)
        if not lines:
            yield Waiting("set-up-not-begun", 1, _("Set the school up: the first steps"), reverse("office:begin"))
        number = sum(not line.done for line in lines)
        words = ngettext("%d step of the set-up is missing", "%d steps of the set-up are missing", number) % number
        yield Waiting("set-up-incomplete", number, words, reverse("office:set-up"))
