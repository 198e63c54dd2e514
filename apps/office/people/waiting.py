"""What about people waits for somebody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import ngettext

from apps.access.selectors import reaches_everything
from apps.accounts.models import User
from apps.family.models import ContactRequest
from apps.office.shell.rooms import Waiting
from apps.students.models import Enrolment, SectionMembership
from apps.students.selectors import nobody_to_call


def waiting(by: User, day: dt.date) -> Iterator[Waiting]:
    """Students in no section, and students for whom nobody is to be called."""
    students = reverse("office:students_student_changelist")
    if reaches_everything(by, "students.manage"):
        placed = SectionMembership.objects.on(day).filter(enrolment=OuterRef("pk"))
        number = Enrolment.objects.on(day).filter(~Exists(placed)).count()
        words = ngettext("%d student is in no section", "%d students are in no section", number) % number
        yield Waiting("without-section", number, words, students)
    if reaches_everything(by, "guardians.manage"):
        number = ContactRequest.objects.filter(state=ContactRequest.State.REQUESTED).count()
        words = ngettext("%d guardian asks to be reached otherwise", "%d guardians ask to be reached otherwise", number)
        asked = reverse("office:family_contactrequest_changelist") + "?state__exact=requested"
        yield Waiting("contacts-asked", number, words % number, asked)
        number = Enrolment.objects.on(day).filter(nobody_to_call()).count()
        words = ngettext(
            "%d student has nobody to call in an emergency", "%d students have nobody to call in an emergency", number
        )
        yield Waiting("without-contact", number, words % number, students)
