"""Lists on paper: a short one at once; a long one by a worker, kept for a day for whoever asked, and for nobody else.

A kept list is sealed with what its reader may do and whom they reach at that moment: once that is something else, the
bytes on the disk are of no use, to them as little as to whoever reads the disk.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import translation

from apps.access import services as access
from apps.accounts.models import User
from apps.accounts.selectors import user_by_id
from apps.institutions.models import Section
from apps.reports import selectors
from apps.reports.errors import ListNoLongerYours, ListNotFound, ListNotPrinted, ListNotReady, ListTooLong
from apps.reports.events import LongListAsked
from apps.reports.selectors import Roster
from apps.reports.services.lists import laid_out
from schoolops import clock, events, queues
from schoolops.api.sealing import Unsealable, seal, unseal
from schoolops.audit import trail
from schoolops.context import current_school
from schoolops.queues.desk import requests
from schoolops.queues.errors import JobNotFound

TASK = "apps.reports.print_list"
# Up to about half a second of work for a request; what is longer is a worker's.
LONG = 1_000
MOST_STUDENTS = 20_000
KEPT_FOR = dt.timedelta(days=1)
UNDER_WAY = frozenset({"waiting", "scheduled", "retrying", "running"})


@dataclass(frozen=True, slots=True)
class Kept:
    """A list that was printed for somebody."""

    file_name: str
    content: bytes


def is_long(*, day: dt.date, sections: Collection[UUID], by: User) -> bool:
    """Whether these sections (none named: all in reach) have more students on ``day`` than a request should print."""
    return selectors.number_of_students(by, day, sections=sections) > LONG


def print_list(*, kind: str, day: dt.date, sections: Collection[UUID], by: User) -> bytes:
    """One of ``KINDS`` as a PDF, in the language of the reader. The trail says who took it.

    Raises:
        PermissionMissing, ListTooLong.
    """
    lists = _lists(kind, day, sections, by)
    content = laid_out(kind, lists, day)
    note_printed(kind=kind, day=day, students={each.section: len(each.students) for each in lists}, by=by)
    return content


@transaction.atomic
def ask_for_list(*, kind: str, day: dt.date, sections: Collection[UUID], language: str, by: User) -> int:
    """Let a worker print it; the number of its job. Asked for again before that began, it is the same job.

    Raises:
        PermissionMissing.
    """
    _require(kind, by)
    with events.following():
        events.publish(
            LongListAsked(kind=kind, day=day, sections=tuple(sorted(sections)), language=language, by_id=by.sourced_id)
        )
        (job,) = (each.job_id for each in events.followed() if each.job_id is not None)
    return job


def print_and_keep(*, kind: str, day: dt.date, sections: Collection[UUID], language: str, by_id: UUID) -> None:
    """Print what was asked for, with what they may do by now, and keep it under the number of the running job.

    Raises:
        PermissionMissing, ListTooLong.
    """
    job, by = queues.current_job(), user_by_id(by_id)
    owner = _owner(by)
    lists = _lists(kind, day, sections, by)
    students = {each.section: len(each.students) for each in lists}
    queues.progress(0, sum(students.values()))
    with translation.override(language):
        content = laid_out(kind, lists, day)
    place = _place(job.job_id)
    # What a try before this one left.
    default_storage.delete(place)
    default_storage.save(place, ContentFile(seal(content, owner=owner)))
    with queues.finishing():
        note_printed(kind=kind, day=day, students=students, by=by)
        job.result = {"kind": kind, "day": day.isoformat()}


def kept_list(job_id: int, *, by: User) -> Kept:
    """The list that this job printed for ``by``.

    Raises:
        PermissionMissing. ListNotFound: nobody's, somebody else's or an old one. ListNotReady. ListNotPrinted: its job
        came to nothing. ListNoLongerYours: it was printed under another access than theirs is now.
    """
    _require("", by)
    try:
        job = requests.status_of(job_id, user=by.audit_id)
    except JobNotFound:
        raise ListNotFound from None
    if job.task != TASK:
        raise ListNotFound
    if job.state in UNDER_WAY:
        raise ListNotReady(job_id=job_id)
    if job.state != "done":
        raise ListNotPrinted(job_id=job_id)
    try:
        with default_storage.open(_place(job_id)) as file:
            content = unseal(file.read(), owner=_owner(by))
    except FileNotFoundError:
        raise ListNotFound from None
    except Unsealable:
        raise ListNoLongerYours from None
    return Kept("{kind}-{day}.pdf".format_map(job.result), content)


def clear_printed_lists() -> int:
    """Delete the lists of this school that are older than a day; returns how many."""
    folder = _place("")
    _, names = default_storage.listdir(folder) if default_storage.exists(folder) else ((), ())
    oldest = clock.now() - KEPT_FOR
    old = [name for name in names if default_storage.get_modified_time(_place(name)) < oldest]
    for name in old:
        default_storage.delete(_place(name))
    return len(old)


def _place(job: int | str) -> str:
    """Where a list is kept, below the school's own folder."""
    return f"{current_school().schema_name}/printed/{job}"


def _owner(by: User) -> str:
    return f"{by.audit_id} {access.access_under(by)}"


def _require(kind: str, by: User) -> None:
    access.require(by, "students.view")
    access.require(by, "exports.run")
    if kind == "emergency":
        access.require(by, "guardians.view")


def _lists(kind: str, day: dt.date, sections: Collection[UUID], by: User) -> list[Roster]:
    _require(kind, by)
    lists = selectors.rosters(by, day, sections=sections)
    if (number := sum(len(each.students) for each in lists)) > MOST_STUDENTS:
        raise ListTooLong(students=number, most=MOST_STUDENTS)
    return selectors.with_contacts(lists, by=by, day=day) if kind == "emergency" else lists


def note_printed(*, kind: str, day: dt.date, students: Mapping[Section, int], by: User) -> None:
    """Write down that ``by`` took a list away on paper: which one, and of how many students in each section.

    What leaves the building so leaves no other trace, and an emergency list says what a doctor should know.
    """
    trail.record_many(
        trail.entry_of(by, "office.list-printed", section, after={"list": kind, "day": day, "students": number})
        for section, number in students.items()
    )
