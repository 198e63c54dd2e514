"""A school of the test's own with its people in it, as it is before a morning begins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest

from apps.accounts.models import User
from schoolops import clock
from schoolops.context import inside
from schoolops.tenancy.models import School
from tests.factories import people
from tests.factories.people import Campus

SECTIONS = {"7 B": 12, "7 C": 3}


@dataclass(slots=True)
class Scene:
    """A school, its campus and Alice (head), Bob (teacher of 7 B), Carol (guardian), Dave (registrar), Erin (admin)."""

    school: School
    campus: Campus
    alice: User
    bob: User
    carol: User
    dave: User
    erin: User

    @contextmanager
    def inside(self) -> Iterator[None]:
        """For what a test asks the database, or writes into it; on the day that the served site lives in."""
        with inside(self.school), clock.frozen(people.SCHOOL_MOMENT):
            yield


def set_up(school: School) -> Scene:
    """Fill ``school``: sections 7 B with twelve students and 7 C with three."""
    with inside(school), clock.frozen(people.SCHOOL_MOMENT):
        campus = people.a_school_year(name=f"{school.name} Campus", sections=tuple(SECTIONS))
        for name, size in SECTIONS.items():
            people.some_students(size, section=campus.sections[name])
        return Scene(
            school=school,
            campus=campus,
            alice=people.a_user("alice", role="head"),
            bob=people.a_teacher("bob", of=campus.sections["7 B"]),
            carol=people.a_guardian("carol", of=[people.students_in(campus.sections[name])[0] for name in SECTIONS]),
            dave=people.a_user("dave", role="registrar"),
            erin=people.a_user("erin", role="administrator"),
        )


def session_of(user: User) -> str:
    """The key of a new session in which ``user`` is logged in, in the school that is entered (or outside)."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore()
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session.save()
    key: str = request.session.session_key
    return key
