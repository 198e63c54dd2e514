"""What is in the way of a paper: its room, its section or class, and who invigilates it, at one time."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils.translation import gettext_noop

from apps.examinations.models import Exam
from schoolops.errors import FieldError
from schoolops.folding import searched

_BUSY = gettext_noop("{what} sits {paper} from {starts_at} to {ends_at}.")
_SAID = {
    "room": ("room-taken", gettext_noop("{what} is taken from {starts_at} to {ends_at} by {paper}.")),
    "section_id": ("group-busy", _BUSY),
    "class_id": ("group-busy", _BUSY),
    "invigilator_ids": ("invigilator-busy", gettext_noop("{what} invigilates {paper} from {starts_at} to {ends_at}.")),
}


class Busy(NamedTuple):
    """What a paper keeps busy: what people call it, and the field of the paper that names it."""

    what: str
    field: str


@dataclass(frozen=True, slots=True)
class Slot:
    """When a paper is sat, and all that it keeps busy, by kind and key."""

    day: dt.date
    starts_at: dt.time
    ends_at: dt.time
    paper: str
    busy: Mapping[tuple[str, Any], Busy]

    @classmethod
    def of(cls, exam: Exam, people: Mapping[int, str]) -> Slot:
        """Of a row, saved or not, with its section, class and course at hand. ``people``: key of staff → name."""
        taught, section = exam.course_class, exam.section
        field = "section_id" if taught is None else "class_id"
        busy: dict[tuple[str, Any], Busy] = {("staff", key): Busy(it, "invigilator_ids") for key, it in people.items()}
        if room := searched(exam.room):
            busy["room", room] = Busy(exam.room, "room")
        if taught is not None:
            busy["class", taught.pk] = Busy(taught.title, field)
        if section is not None:
            busy["section", section.pk] = Busy(str(section), field)
        name = " ".join(each for each in (exam.course.title, exam.title) if each)
        paper = f"{name} ({section if taught is None else taught.title})"
        return cls(exam.day, exam.starts_at, exam.ends_at, paper, busy)

    def overlaps(self, other: Slot) -> bool:
        """Whether both are sat at one time. One may begin as the other ends."""
        return self.day == other.day and self.starts_at < other.ends_at and other.starts_at < self.ends_at


def clashes(candidates: Sequence[Slot], others: Sequence[Slot]) -> list[tuple[int, FieldError]]:
    """By place among ``candidates``: each of their clashes, with ``others`` and with one another."""
    at: dict[tuple[Any, ...], list[Slot]] = defaultdict(list)
    for slot in (*others, *candidates):
        for key in slot.busy:
            at[slot.day, *key].append(slot)
    return [(number, error) for number, slot in enumerate(candidates) for error in _of(slot, at)]


def _of(slot: Slot, at: Mapping[tuple[Any, ...], Sequence[Slot]]) -> Iterator[FieldError]:
    said: set[tuple[str, str]] = set()
    for key, (what, field) in slot.busy.items():
        other = next((each for each in at[slot.day, *key] if each is not slot and slot.overlaps(each)), None)
        # A class and the section that it is are one group.
        if other is None or (field, other.paper) in said:
            continue
        said.add((field, other.paper))
        code, sentence = _SAID[field]
        times = {"starts_at": f"{other.starts_at:%H:%M}", "ends_at": f"{other.ends_at:%H:%M}"}
        yield FieldError(field, code, sentence, {"what": what, "paper": other.paper, **times})
