"""What fields and choices are called in the office, by their names in the models; said once, for every model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.db.models import Field
from django.utils.translation import get_language, gettext, gettext_lazy

from apps.office.shell.rooms import Words

# Columns that are called what they are named.
AS_NAMED = (
    "asked_at",
    "address", "admission_number", "after", "before", "code", "course", "currency", "day", "decided_at", "decided_by",
    "emergency_contact", "ends_at", "ends_on", "entered_on", "excused", "family_name", "given_name", "grade_level",
    "guardian", "instead_of", "kind", "language", "late", "legal_guardian", "medical_note", "middle_name", "name",
    "period", "phone", "reason", "receives_invoices", "relation", "role", "roll_number", "room", "section", "sex",
    "staff_number", "starts_at", "starts_on", "state", "status", "student", "subject", "taken_at", "taken_by",
    "timezone", "title", "username", "weekday", "year",
)  # fmt: skip
FIELDS: Mapping[str, Words] = {
    **{name: gettext_lazy(name.replace("_", " ")) for name in AS_NAMED},
    "action": gettext_lazy("what happened"),
    "actor_name": gettext_lazy("who"),
    "at": gettext_lazy("when"),
    "birth_date": gettext_lazy("date of birth"),
    "brand_colour": gettext_lazy("colour"),
    "capacity": gettext_lazy("places"),
    "channels": gettext_lazy("told by"),
    "contact_priority": gettext_lazy("called in this order"),
    "course_class": gettext_lazy("class"),
    "data_access": gettext_lazy("may see the student"),
    "decision_note": gettext_lazy("note on the decision"),
    "default": gettext_lazy("is the code rolls begin with"),
    "direction": gettext_lazy("in or out"),
    "email": gettext_lazy("e-mail"),
    "entry_kind": gettext_lazy("how they came"),
    "exit_kind": gettext_lazy("how they left"),
    "exited_on": gettext_lazy("left on"),
    "institution": gettext_lazy("campus"),
    "is_active": gettext_lazy("may log in"),
    "job_title": gettext_lazy("job"),
    "lives_with": gettext_lazy("lives with the student"),
    "locale": gettext_lazy("language and country"),
    "locked_reason": gettext_lazy("locked because"),
    "next_level": gettext_lazy("next grade level"),
    "object_type": gettext_lazy("what kind of thing"),
    "object_id": gettext_lazy("which one"),
    "parent": gettext_lazy("part of"),
    "position": gettext_lazy("place in the order"),
    "posting_closes_on": gettext_lazy("marks may be entered until"),
    "posting_opens_on": gettext_lazy("marks may be entered from"),
    "preferred_name": gettext_lazy("called"),
    "primary": gettext_lazy("main enrolment"),
    "reopened_reason": gettext_lazy("re-opened because"),
    "reopened_until": gettext_lazy("re-opened until"),
    "request_id": gettext_lazy("request"),
    "requested_by": gettext_lazy("asked by"),
    "restriction_note": gettext_lazy("restriction (a court order, for instance)"),
    "retired": gettext_lazy("no longer used"),
    "staff": gettext_lazy("member of staff"),
    "subject_code": gettext_lazy("code of the subject"),
    "teacher_selectable": gettext_lazy("teachers may choose it"),
    "user": gettext_lazy("login"),
    "weekend": gettext_lazy("days without school"),
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


def said(sentence: str) -> str:
    """``sentence`` in the reader's language, for what stands in every row: looking it up costs forty calls."""
    return _said(get_language(), sentence)


@lru_cache(maxsize=1024)
def _said(_language: str, sentence: str) -> str:
    return gettext(sentence)
