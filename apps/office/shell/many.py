"""Many rows of a list at once: ticked, told what is to change, looked at row by row, changed by one service in one act.

What a list allows stands in ``many_change`` of its admin; ``many_pages`` asks, and ``at_length`` changes more rows than
one request can. Looking is doing it and taking it back, so that what is shown is what comes; whoever changed a row
meanwhile is not overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, cast
from zlib import crc32

from django import forms
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.models import User
from apps.office.errors import ChangedSinceYouLooked
from apps.office.shell.forms import DressedForm
from apps.office.shell.site import in_full
from schoolops import events
from schoolops.errors import SchoolOpsError, Unavailable

Refused = Mapping[int, SchoolOpsError]


@dataclass(frozen=True, slots=True)
class ManyChange:
    """What may be said of many rows of a list.

    ``fields`` are those of the model; ``beside`` is another thing that can be done with them, said by itself: name → a
    field of a form, made for who asks. Its first one says whether it is meant.
    ``write(rows, fields, reason, by)`` calls the service that takes N rows, and answers which of them it refused.
    """

    write: Callable[[Sequence[Any], Mapping[str, Any], str, User], Refused]
    fields: tuple[str, ...]
    beside: Mapping[str, Callable[[User], forms.Field]] = field(default_factory=dict)
    # What else of the rows, beyond their fields, is not to have changed since somebody looked: row (key) → its mark.
    stands: Callable[[Sequence[Any]], Mapping[int, Any]] | None = None
    # What of ``beside`` is not done without a reason, as one by one.
    asks_why: tuple[Any, ...] = ()


def each_alone(change: Callable[[Any, Mapping[str, Any], str, User], Any]) -> Callable[..., Refused]:
    """``write`` by a service that takes one row: as many statements as there are rows, each row in a savepoint."""

    def write(rows: Sequence[Any], said: Mapping[str, Any], reason: str, by: User) -> Refused:
        refused: dict[int, SchoolOpsError] = {}
        for number, row in enumerate(rows):
            try:
                with transaction.atomic():
                    change(row, said, reason, by)
            except Unavailable:
                raise
            except SchoolOpsError as why:
                refused[number] = why
        return refused

    return write


class Leaves(DressedForm):
    """Every field may be left as it is; ``empties`` names those that are to hold nothing."""

    reason = forms.CharField(
        label=gettext_lazy("Why"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Stands in the trail beside each of them."),
    )

    def said(self) -> dict[str, Any]:
        """Field → what it is to hold, of those that are not left."""
        sent = {**self.cleaned_data}
        emptied = dict.fromkeys(sent.pop("empties", ()))
        sent.pop("reason", None)
        return {name: value for name, value in sent.items() if value not in ("", None, [])} | emptied


def left_alone(field: forms.Field) -> forms.Field:
    """``field`` that says nothing unless somebody fills it."""
    leave = ("", gettext_lazy("leave as it is"))
    if isinstance(field, forms.BooleanField):
        choices = [leave, ("1", gettext_lazy("Yes")), ("0", gettext_lazy("No"))]
        return forms.TypedChoiceField(
            label=field.label, choices=choices, coerce=lambda said: said == "1", empty_value=None, required=False
        )
    alone: Any = deepcopy(field)
    alone.required, alone.initial, alone.help_text = False, None, ""
    if isinstance(field, forms.ModelChoiceField):
        alone.empty_label = str(leave[1])
    elif isinstance(field, forms.ChoiceField) and not isinstance(field, forms.MultipleChoiceField):
        alone.choices = [leave, *((key, words) for key, words in list(alone.choices) if key != "")]
    return cast("forms.Field", alone)


@dataclass(frozen=True, slots=True)
class Seen:
    """What becomes of the rows: what those that change held, those that are so already, the others with why."""

    changed: list[tuple[Any, str]]
    same: list[Any]
    refused: list[tuple[Any, SchoolOpsError]]

    @property
    def left_out(self) -> list[tuple[Any, str]]:
        """Rows with why they do not change, in the reader's language."""
        return [(row, in_full(why)) for row, why in self.refused]


class Act:
    """One change of many rows, to look at or to do."""

    def __init__(
        self, admin: Any, rows: Sequence[Any], marks: Mapping[int, str], said: Mapping[str, Any], reason: str, by: User
    ) -> None:
        self.admin, self.by, self.reason = admin, by, reason
        self.change: ManyChange = admin.many_change
        empty = {name: _nothing(admin.opts.get_field(name)) for name, value in said.items() if value is None}
        self.said = {**said, **empty}
        there = marked(admin, rows, {})
        self.meanwhile = [row for row in rows if marks[row.pk] not in {"", there[row.pk]}]
        of_model = [name for name in self.said if name in self.change.fields]
        whole = len(of_model) == len(self.said)
        rest = [row for row in rows if row not in self.meanwhile]
        self.same = [row for row in rest if whole and all(getattr(row, name) == self.said[name] for name in of_model)]
        self.rows = [row for row in rest if row not in self.same]
        self.was = {row.pk: self._held(row, of_model) for row in self.rows}

    def _held(self, row: Any, names: Sequence[str]) -> str:
        shown = (getattr(row, f"get_{name}_display", lambda name=name: getattr(row, name))() for name in names)
        return ", ".join(_in_words(each) for each in shown)

    @transaction.atomic
    def done(self) -> Seen:
        """Do it, and say what became of each row."""
        refused = self.change.write(self.rows, self.said, self.reason, self.by) if self.rows else {}
        changed = [(row, self.was[row.pk]) for number, row in enumerate(self.rows) if number not in refused]
        left: list[tuple[Any, SchoolOpsError]] = [(row, ChangedSinceYouLooked()) for row in self.meanwhile]
        left += [(self.rows[number], refused[number]) for number in sorted(refused)]
        return Seen(changed, self.same, left)

    @transaction.atomic
    def looked_at(self) -> Seen:
        """What doing it would come to; nothing stays of it."""
        with events.following():
            # What follows of what is undone is nobody's to be told of.
            seen = self.done()
        transaction.set_rollback(True)
        return seen


def _nothing(field: Any) -> Any:
    return None if field.null else field.get_default()


def _in_words(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def marked(admin: Any, rows: Sequence[Any], marks: Mapping[int, str]) -> dict[int, str]:
    """Row → which state of it was looked at: the one that is known, or what it is now."""
    change: ManyChange = admin.many_change
    beside = None if change.stands is None else change.stands(rows)
    more = {row.pk: "" if beside is None else f"s{beside.get(row.pk, 0)}" for row in rows}
    return {row.pk: marks.get(row.pk) or _state(row, change.fields) + more[row.pk] for row in rows}


def _state(row: Any, names: Sequence[str]) -> str:
    version = getattr(row, "version", None)
    return str(version) if version is not None else f"c{crc32(repr([getattr(row, name) for name in names]).encode())}"
