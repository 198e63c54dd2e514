"""Errors are facts with a name, a code and a family. The class docstring is the sentence a person reads.

An app declares its own in ``errors.py``::

    class AttendanceDayLocked(Conflict):
        \"\"\"Attendance for {day} is locked.\"\"\"
        code = "attendance:day-locked"
        remedy = "Ask the office to re-open the day."

``AttendanceDayLocked(day=day)`` fills the braces. The HTTP status belongs to the family and is chosen in
``schoolops.api.errors`` alone.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar


@dataclasses.dataclass(frozen=True, slots=True)
class FieldError:
    """One field that was refused: where it stands in the input, why, and what would be accepted.

    ``said`` is a sentence whose braces ``facts`` fill, so that a page can say it in another language::

        FieldError("code", "unknown", "There is no attendance code {code}.", {"code": "Q"})
    """

    field: str
    code: str
    said: str
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, field: str, error: SchoolOpsError) -> FieldError:
        """What ``error`` says, about ``field``."""
        return cls(field, error.code, error.said, error.facts)

    @property
    def message(self) -> str:
        return filled(self.said, self.facts)

    def as_dict(self) -> dict[str, str]:
        return {"field": self.field, "code": self.code, "message": self.message}


def filled(sentence: str, facts: Mapping[str, Any]) -> str:
    """``sentence`` with ``facts`` in its braces. Without facts it is said as it stands: it may quote braces."""
    return sentence.format(**facts) if facts else sentence


class SchoolOpsError(Exception):
    """Something was refused."""

    code: ClassVar[str] = "schoolops:error"
    # Of what was sent, where one field is meant and ``errors`` name none.
    field: ClassVar[str] = ""
    title: ClassVar[str | None] = None
    remedy: str | None = None
    retry_after: int | None = None

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        retry_after: int | None = None,
        **facts: Any,
    ) -> None:
        self.facts = facts
        self.errors = tuple(errors)
        if retry_after is not None:
            self.retry_after = retry_after
        self.said = detail if detail is not None else self.sentence()
        self.detail = filled(self.said, facts)
        super().__init__(self.detail)

    @property
    def advice(self) -> str:
        """What to do about it, with the facts in its braces; empty where nothing is known to help."""
        return filled(self.remedy, self.facts) if self.remedy else ""

    @classmethod
    @functools.cache
    def sentence(cls) -> str:
        """The first paragraph of the class docstring, on one line."""
        return " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split())


class Invalid(SchoolOpsError):
    """What was sent cannot be accepted as it stands."""

    code = "schoolops:invalid"


class Unauthenticated(SchoolOpsError):
    """We do not know who is asking."""

    code = "schoolops:unauthenticated"


class Forbidden(SchoolOpsError):
    """This is not allowed."""

    code = "schoolops:forbidden"


class NotFound(SchoolOpsError):
    """There is nothing here by that name."""

    code = "schoolops:not-found"


class Conflict(SchoolOpsError):
    """This cannot be done in the present state."""

    code = "schoolops:conflict"


class PreconditionFailed(Conflict):
    """What you were looking at has changed since you read it."""

    code = "schoolops:changed-meanwhile"


class Throttled(SchoolOpsError):
    """That was too often; please wait."""

    code = "schoolops:throttled"
    retry_after = 60


class Unavailable(SchoolOpsError):
    """This cannot be done at the moment; nothing was changed."""

    code = "schoolops:unavailable"
    retry_after = 5


class NoCurrentSchool(SchoolOpsError):
    """Work on a school's data was begun without saying which school it is for."""

    code = "tenancy:no-current-school"


class Misconfigured(SchoolOpsError):
    """SchoolOps is not set up correctly."""

    code = "schoolops:misconfigured"


FAMILIES: tuple[type[SchoolOpsError], ...] = (
    Invalid,
    Unauthenticated,
    Forbidden,
    NotFound,
    Conflict,
    PreconditionFailed,
    Throttled,
    Unavailable,
)


def declared_errors(base: type[SchoolOpsError] = SchoolOpsError) -> Iterator[type[SchoolOpsError]]:
    """Every error class imported so far, for the generated reference and the drift test."""
    for child in base.__subclasses__():
        yield child
        yield from declared_errors(child)
