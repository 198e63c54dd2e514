"""Who is asking, for which school, under which request: the ContextVars that everything else reads.

A new thread starts with nothing chosen, so work that forgets to say which school it is for raises instead of guessing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, Protocol

from schoolops.errors import NoCurrentSchool


class SchoolLike(Protocol):
    """What the platform needs to know of a school to work inside it."""

    @property
    def pk(self) -> int: ...
    @property
    def slug(self) -> str: ...
    @property
    def schema_name(self) -> str: ...
    @property
    def role_name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Outside:
    """Explicitly outside all schools: the shared tables in ``public``, never a school's."""


OUTSIDE: Final = Outside()


class Kept:
    """Whether anything that a request asks for was committed by now. An object: an async hop loses what it sets."""

    __slots__ = ("anything",)

    def __init__(self) -> None:
        self.anything = False

    def note(self) -> None:
        self.anything = True


_school: ContextVar[SchoolLike | Outside | None] = ContextVar("schoolops_school", default=None)
user_id: ContextVar[str | None] = ContextVar("schoolops_user_id", default=None)
request_id: ContextVar[str | None] = ContextVar("schoolops_request_id", default=None)
traceparent: ContextVar[str | None] = ContextVar("schoolops_traceparent", default=None)
# Of the request under way; ``None`` where it only looks, and in a job or a command.
kept: ContextVar[Kept | None] = ContextVar("schoolops_kept", default=None)


def place() -> SchoolLike | Outside | None:
    """Where the work happens: a school, explicitly outside all schools, or ``None`` when nobody has said."""
    return _school.get()


def school_or_none() -> SchoolLike | None:
    """The current school, or ``None`` outside schools. For log lines and metrics, not for decisions."""
    here = _school.get()
    return None if here is None or isinstance(here, Outside) else here


def current_school() -> SchoolLike:
    """The school this work is for.

    Raises:
        NoCurrentSchool: nobody has entered a school; there is no fallback.
    """
    here = school_or_none()
    if here is None:
        raise NoCurrentSchool
    return here


@contextmanager
def inside(school: SchoolLike) -> Iterator[SchoolLike]:
    """Do the enclosed work in ``school``: every query sees that school's schema under that school's role."""
    token = _school.set(school)
    try:
        yield school
    finally:
        _school.reset(token)


def staying(pages: Iterator[Any]) -> Iterator[Any]:
    """``pages`` of the current school, for who reads them when the school is left: each is made inside it."""
    school = current_school()

    def there() -> Iterator[Any]:
        while True:
            with inside(school):
                page = next(pages, None)
            if page is None:
                return
            yield page

    return there()


@contextmanager
def outside_schools() -> Iterator[None]:
    """Do the enclosed work on the shared tables; a school's tables do not exist here."""
    token = _school.set(OUTSIDE)
    try:
        yield
    finally:
        _school.reset(token)


@contextmanager
def nowhere() -> Iterator[None]:
    """Forget every choice, as a new thread would: the next query raises until somebody chooses."""
    token = _school.set(None)
    try:
        yield
    finally:
        _school.reset(token)
