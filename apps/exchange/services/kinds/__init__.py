"""One module per family of rows: how each is compared with what is there, and which service writes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from apps.exchange.models import ImportRow
from apps.exchange.services.comparing import Action, Kind, Work
from apps.exchange.services.kinds.assignments import Assignments
from apps.exchange.services.kinds.calendar import GradeLevels, Institutions, Terms, Years
from apps.exchange.services.kinds.dated import recall_given
from apps.exchange.services.kinds.guardians import Guardians, Links, recall_link
from apps.exchange.services.kinds.people import People
from apps.exchange.services.kinds.places import Places, recall_homerooms
from apps.exchange.services.kinds.staff import Staff
from apps.exchange.services.kinds.students import Students
from apps.exchange.services.kinds.teaching import Classes, Courses, HomeroomCourses, Sections
from apps.exchange.services.reading import staged

KINDS: tuple[Kind, ...] = (
    Institutions(), Years(), Terms(), GradeLevels(), HomeroomCourses(), Courses(), Sections(), Classes(),
    Staff(), Students(), Guardians(), Links(), Assignments(), Places(),
)  # fmt: skip
OF: Mapping[str, Kind] = {each.name: each for each in KINDS}


def recall(work: Work, kind: str, rows: Sequence[ImportRow]) -> None:
    """Know of rows that were compared before what the comparison of others needs."""
    for row in rows:
        if row.action in {Action.ERROR, Action.SKIP}:
            work.frame.refused.add((kind, row.key))
        elif row.target_id is not None:
            work.claimed.setdefault((kind, row.target_id), row.row)
        elif isinstance(of := OF[kind], People):
            campus = work.frame.institution(row.values.get("institution", ""))
            if (number := of.number_of(campus, row.values)) is not None:
                work.claimed.setdefault(number, row.row)
        if kind == staged.ASSIGNMENT and row.action == Action.CREATE:
            recall_given(work, row)
        if kind == staged.LINK and row.action == Action.CREATE:
            recall_link(work, row)
    if kind == staged.PLACE:
        recall_homerooms(work, rows)
