"""What the pages of messages choose from."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import Q

from apps.access import selectors as access_selectors
from apps.access.models import Role
from apps.accounts.models import User
from apps.institutions.models import CourseClass, GradeLevel, Institution, Section
from apps.institutions.selectors import school_today
from apps.notifications.models import Announcement, Message, Rule
from apps.office.shell.fields import id_of
from apps.students.models import Student
from apps.students.selectors import matching

Kind = Announcement.Kind
ANNOUNCE = "messages.announce"
# How many a search shows, and how many can be picked.
FOUND, MOST_PICKED = 20, 200


def may(permission: str, by: User) -> bool:
    """Whether ``by`` holds ``permission`` anywhere; the service asks over what."""
    return permission in access_selectors.permissions_of(by)


def groups_of(by: User) -> list[tuple[str, list[tuple[str, str]]]]:
    """What an announcement of ``by``'s can be for: kind, and ``kind:id`` with its name, of each. A query a kind."""
    today = school_today()
    found: list[tuple[str, list[tuple[str, str]]]] = []
    everywhere = access_selectors.reaches_everything(by, ANNOUNCE)
    if everywhere:
        found.append((Kind.SCHOOL, [(Kind.SCHOOL.value, "")]))
    at = access_selectors.institutions_of(by, ANNOUNCE)
    campuses = Institution.objects.all() if at is None else Institution.objects.filter(pk__in=at)
    if everywhere or at:
        found.append((Kind.CAMPUS, _named(Kind.CAMPUS, campuses)))
    if everywhere:
        found.append((Kind.LEVEL, _named(Kind.LEVEL, GradeLevel.objects.order_by("position"))))
    running = {"year__starts_on__lte": today, "year__ends_on__gte": today}
    sections = Section.objects.filter(_reach(by, "section"), **running).select_related("grade_level")
    found.append((Kind.SECTION, _named(Kind.SECTION, sections.order_by("grade_level__position", "name", "pk"))))
    classes = CourseClass.objects.filter(_reach(by, "class"), **running)
    found.append((Kind.CLASS, _named(Kind.CLASS, classes.order_by("title", "pk"))))
    found.append((Kind.STUDENTS, [(Kind.STUDENTS.value, "")]))
    if everywhere:
        found.append((Kind.ROLE, [(f"role:{role.code}", str(role)) for role in Role.objects.order_by("name", "pk")]))
    return [(kind, choices) for kind, choices in found if choices]


def students_picked(ids: Collection[str], words: str, *, by: User) -> list[Student]:
    """Students to whom ``by`` may write: those of ``ids``, and some whose name or number holds every word.

    Two queries at most.
    """
    reach = access_selectors.rows_in_reach(by, ANNOUNCE, "student")
    if reach is None:
        return []
    rows = Student.objects.kept().filter(reach).order_by("name_key", "pk")
    picked = [key for each in ids if (key := id_of(each)) is not None]
    found = list(rows.filter(sourced_id__in=picked[:MOST_PICKED])) if picked else []
    if words:
        found += list(rows.filter(matching(words)).exclude(pk__in=[each.pk for each in found])[:FOUND])
    return found


def _reach(by: User, kind: Any) -> Q:
    reach = access_selectors.rows_in_reach(by, ANNOUNCE, kind)
    return Q(pk__in=[]) if reach is None else reach


def _named(kind: str, rows: Any) -> list[tuple[str, str]]:
    return [(f"{kind}:{row.sourced_id}", str(row)) for row in rows]


def latest(rows: Any, state: str) -> Any:
    """Messages of a state, the latest first."""
    if state in Message.State.values:
        rows = rows.filter(state=state)
    return rows.order_by("-pk")


def rules() -> dict[tuple[str, str, int | None], bool]:
    """What the school says of facts: by fact, channel and grade level. One query."""
    return {(row.fact, row.channel, row.grade_level_id): row.sends for row in Rule.objects.all()}


def levels() -> list[GradeLevel]:
    """The grade levels, in their order."""
    return list(GradeLevel.objects.order_by("position", "pk"))
