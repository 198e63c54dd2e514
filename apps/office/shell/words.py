"""What fields and choices are called in the office, by their names in the models; said once, for every model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Field
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_lazy as _

from apps.office.shell.rooms import Words

FIELDS: Mapping[str, Words] = {
    "action": _("what happened"),
    "actor_name": _("who"),
    "address": _("address"),
    "admission_number": _("admission number"),
    "after": _("after"),
    "at": _("when"),
    "before": _("before"),
    "birth_date": _("date of birth"),
    "brand_colour": _("colour"),
    "capacity": _("places"),
    "channels": _("told by"),
    "code": _("code"),
    "contact_priority": _("called in this order"),
    "course": _("course"),
    "course_class": _("class"),
    "currency": _("currency"),
    "data_access": _("may see the student"),
    "day": _("day"),
    "decided_at": _("decided at"),
    "decided_by": _("decided by"),
    "decision_note": _("note on the decision"),
    "default": _("is the code rolls begin with"),
    "direction": _("in or out"),
    "email": _("e-mail"),
    "emergency_contact": _("emergency contact"),
    "ends_at": _("ends at"),
    "ends_on": _("ends on"),
    "entered_on": _("entered on"),
    "entry_kind": _("how they came"),
    "excused": _("excused"),
    "exit_kind": _("how they left"),
    "exited_on": _("left on"),
    "family_name": _("family name"),
    "given_name": _("given name"),
    "grade_level": _("grade level"),
    "guardian": _("guardian"),
    "institution": _("campus"),
    "instead_of": _("instead of"),
    "is_active": _("may log in"),
    "job_title": _("job"),
    "kind": _("kind"),
    "language": _("language"),
    "late": _("late"),
    "legal_guardian": _("legal guardian"),
    "lives_with": _("lives with the student"),
    "locale": _("language and country"),
    "locked_reason": _("locked because"),
    "medical_note": _("medical note"),
    "middle_name": _("middle name"),
    "name": _("name"),
    "next_level": _("next grade level"),
    "object_type": _("what kind of thing"),
    "object_id": _("which one"),
    "parent": _("part of"),
    "period": _("period"),
    "phone": _("phone"),
    "position": _("place in the order"),
    "posting_closes_on": _("marks may be entered until"),
    "posting_opens_on": _("marks may be entered from"),
    "preferred_name": _("called"),
    "primary": _("main enrolment"),
    "reason": _("reason"),
    "receives_invoices": _("receives invoices"),
    "relation": _("relation"),
    "reopened_reason": _("re-opened because"),
    "reopened_until": _("re-opened until"),
    "request_id": _("request"),
    "requested_by": _("asked by"),
    "restriction_note": _("restriction (a court order, for instance)"),
    "retired": _("no longer used"),
    "roll_number": _("roll number"),
    "room": _("room"),
    "section": _("section"),
    "sex": _("sex"),
    "staff": _("member of staff"),
    "staff_number": _("staff number"),
    "starts_at": _("starts at"),
    "starts_on": _("starts on"),
    "state": _("state"),
    "status": _("status"),
    "student": _("student"),
    "subject": _("subject"),
    "subject_code": _("code of the subject"),
    "taken_at": _("taken at"),
    "taken_by": _("taken by"),
    "teacher_selectable": _("teachers may choose it"),
    "timezone": _("timezone"),
    "title": _("title"),
    "user": _("login"),
    "username": _("username"),
    "weekday": _("weekday"),
    "weekend": _("days without school"),
    "year": _("year"),
}

# What choices are called in the models, of every field that the office shows; ``make messages`` collects it.
CHOICES: set[str] = set()


def speak(field: Field[Any, Any], own: Mapping[str, Words]) -> None:
    """Let ``field`` call itself and its choices what the office calls them: ``own`` words of its admin before others.

    In the models they stay English, as migrations and the API's description are.
    """
    called: Any = own.get(field.name) or FIELDS.get(field.name)
    if called is not None:
        field.verbose_name = called
    if field.choices:
        CHOICES.update(word for _, word in field.flatchoices if isinstance(word, str))
        field.choices = [
            (value, gettext_lazy(word) if isinstance(word, str) else word) for value, word in field.flatchoices
        ]
