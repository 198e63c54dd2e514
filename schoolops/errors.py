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

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that was refused: where it stands in the input, why, and what would be accepted."""

    field: str
    code: str
    message: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


class SchoolOpsError(Exception):
    """Something was refused."""

    code: ClassVar[str] = "schoolops:error"
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
        template = detail if detail is not None else self.sentence()
        self.detail = template.format(**facts) if facts else template
        super().__init__(self.detail)

    @classmethod
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
