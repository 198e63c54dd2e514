"""What a file leaves to the bundles before it: what a user is, whose a session is, what a course is for."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from apps.exchange import errors
from apps.exchange.models import Counterpart
from apps.exchange.services.changed import TABLES
from apps.exchange.services.comparing import as_uuid
from apps.exchange.services.reading import staged
from apps.exchange.services.reading.cells import said_of
from apps.exchange.services.reading.staged import Staged

_PEOPLE = (staged.STUDENT, staged.STAFF, staged.GUARDIAN)
_SESSIONS = (staged.YEAR, staged.TERM)


def settled(rows: Sequence[Staged]) -> list[Staged]:
    """The rows of a chunk, each of the kind that earlier bundles said: no query where the file says it all."""
    users = _known([row.key for row in rows if row.kind == staged.USER], _PEOPLE)
    courses = [row.key for row in rows if row.kind == staged.COURSE]
    homerooms = _homerooms(courses) - {key for key, _ in _known(courses, (staged.COURSE,))} if courses else set()
    shared = _shared([row.key for row in rows if row.kind in _SESSIONS and not row.values["institution"]])
    found: list[Staged] = []
    for row in rows:
        if row.kind == staged.USER:
            found += _user(row, users)
        elif row.kind == staged.COURSE and row.key in homerooms:
            found.append(dataclasses.replace(row, kind=staged.HOMEROOM_COURSE, natural=""))
        elif row.kind in _SESSIONS and row.key in shared:
            found += _of_each(row, shared[row.key])
        else:
            found.append(row)
    return found


def _known(keys: Iterable[str], kinds: Iterable[str]) -> set[tuple[str, str]]:
    """(key, kind) of what is called so outside, or is ours by that id."""
    wanted = set(keys)
    if not wanted:
        return set()
    called = Counterpart.objects.filter(kind__in=kinds, external_id__in=wanted).values_list("external_id", "kind")
    ours = {own for key in wanted if (own := as_uuid(key)) is not None}
    known = set(called)
    for kind in kinds if ours else ():
        there = TABLES[kind].objects.filter(sourced_id__in=ours).values_list("sourced_id", flat=True)
        known |= {(str(each), kind) for each in there}
    return known


def _homerooms(keys: Iterable[str]) -> set[str]:
    courses = Counterpart.objects.filter(kind__startswith="homeroom@", external_id__in=list(keys))
    return set(courses.values_list("external_id", flat=True))


def _shared(keys: Sequence[str]) -> dict[str, list[str]]:
    """Session → the campuses that each have one of that name."""
    found: dict[str, list[str]] = defaultdict(list)
    if keys:
        there = Counterpart.objects.filter(kind__in=_SESSIONS, external_id__contains="@")
        for external in there.order_by("external_id").values_list("external_id", flat=True):
            key, _, org = external.partition("@")
            if key in keys:
                found[key].append(org)
    return found


def _of_each(row: Staged, orgs: Sequence[str]) -> Iterator[Staged]:
    for org in orgs:
        values = {**row.values, "institution": org}
        yield dataclasses.replace(row, key=f"{row.key}@{org}", values=values, errors=list(row.errors))


def _user(row: Staged, known: set[tuple[str, str]]) -> Iterator[Staged]:
    kinds = [kind for kind in row.values["may_be"] if (row.key, kind) in known]
    for kind in kinds:
        yield from (Staged(**value) for value in row.values["may_be"][kind])
    if not kinds:
        said = row.errors or [said_of(errors.RoleMissing(), row=row.row, column="role")]
        yield dataclasses.replace(row, kind=staged.STUDENT, values={}, errors=said)
