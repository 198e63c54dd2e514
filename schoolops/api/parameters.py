"""What a list may be asked for in its query string. Every parameter is declared; an unknown one is refused by name."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Choices, Q
from django.http import QueryDict

from schoolops import clock
from schoolops.api.errors import ValidationFailed
from schoolops.errors import FieldError

Parse = Callable[[str], Any]
_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WHOLE = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: how its text is read, which rows it leaves, and the sentence of the documentation.

    ``where`` is an ORM lookup (``institution__sourced_id``), a function from the value to a ``Q``, or ``None`` when
    ``rows()`` reads ``self.asked`` itself. ``parse`` raises ``ValueError`` with a sentence for people.
    """

    parse: Parse
    where: str | Callable[[Any], Q] | None = None
    about: str = ""
    required: bool = False

    def condition(self, value: Any) -> Q | None:
        """The rows this value leaves; ``None``: all."""
        if self.where is None:
            return None
        return Q(**{self.where: value}) if isinstance(self.where, str) else self.where(value)


def text(value: str) -> str:
    """Any text, without NUL, at most 200 characters."""
    if "\0" in value or len(value) > 200 or any("\ud800" <= each <= "\udfff" for each in value):
        raise ValueError("At most 200 characters, none of them NUL.")
    return value.strip()


def public_id(value: str) -> uuid.UUID:
    """A row's public id."""
    # As it is written everywhere: `UUID` would take braces, a URN, and hyphens anywhere.
    if not _ID.fullmatch(value):
        raise ValueError("An id such as 0198c5b0-9d3e-7cc0-a1b2-3c4d5e6f7a8b.")
    return uuid.UUID(value)


def day(value: str) -> dt.date:
    """``2026-09-01``."""
    try:
        # Python would read 20260901 and 2026-W36-2 as well.
        found = dt.date.fromisoformat(value if _DAY.fullmatch(value) else "")
    except ValueError:
        raise ValueError("A date such as 2026-09-01.") from None
    if not clock.in_reach(found):
        raise ValueError(f"A date from {clock.FIRST_YEAR} to {clock.LAST_YEAR}.")
    return found


def whole(value: str) -> int:
    """A whole number."""
    if not _WHOLE.fullmatch(value):
        raise ValueError("A whole number.")
    return int(value)


def yes_or_no(value: str) -> bool:
    """``true`` or ``false``."""
    if value not in {"true", "false"}:
        raise ValueError("Either true or false.")
    return value == "true"


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of these words."""

    words: tuple[str, ...]

    def __call__(self, value: str) -> str:
        if value not in self.words:
            raise ValueError(f"One of {', '.join(self.words)}.")
        return value


def one_of(choices: type[Choices] | tuple[str, ...]) -> OneOf:
    """A parser of one of these words."""
    return OneOf(tuple(str(each) for each in (choices if isinstance(choices, tuple) else choices.values)))


def read(query: QueryDict, parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    """The values asked for, by name; empty ones are as if not said.

    Raises:
        ValidationFailed: unknown, repeated, missing or unreadable parameters, each named.
    """
    values: dict[str, Any] = {}
    wrong: list[FieldError] = []
    for name, given in query.lists():
        known = parameters.get(name)
        if known is None:
            possible = ", ".join(sorted(parameters)) or "none"
            wrong.append(
                FieldError(name, "unknown-parameter", f"There is no such parameter here. Possible: {possible}.")
            )
        elif len(given) > 1:
            wrong.append(FieldError(name, "repeated", "Say it once."))
        elif given[0] != "":
            try:
                values[name] = known.parse(given[0])
            except ValueError as refusal:
                wrong.append(FieldError(name, "invalid", str(refusal)))
    wrong += [
        FieldError(name, "required", f"Say {name}.")
        for name, known in parameters.items()
        if known.required and name not in values and not any(each.field == name for each in wrong)
    ]
    if wrong:
        raise ValidationFailed(errors=wrong)
    return values
