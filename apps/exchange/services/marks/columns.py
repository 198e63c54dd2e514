"""The columns of a sheet of marks, in every language we speak, and the key of a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext, gettext_noop

from apps.exchange.services.reading.sheets import folded

NUMBER, STUDENT, ADMISSION, MARK, KEY = (
    gettext_noop("No."),
    gettext_noop("Student"),
    gettext_noop("Admission number"),
    gettext_noop("Mark"),
    gettext_noop("Key"),
)
COLUMNS: Final = (NUMBER, STUDENT, ADMISSION, MARK, KEY)


def names() -> dict[str, str]:
    """How a header may be written, folded → its column."""
    found = {}
    for language, _ in settings.LANGUAGES:
        with translation.override(language):
            found.update({folded(gettext(column)): column for column in COLUMNS})
    return found


@dataclass(frozen=True, slots=True)
class Key:
    """Whose mark of which paper a row is, and beside which version of its marks it is written.

    Every row has its own, so that rows may be sorted and columns moved. ``component``: of a paper that has some.
    """

    paper: UUID
    version: int
    student: UUID
    component: UUID | None = None

    def __str__(self) -> str:
        said = (self.paper, self.version, self.student, *([self.component] if self.component else []))
        return "/".join(map(str, said))

    @classmethod
    def read(cls, said: str) -> Key | None:
        """The key that ``said`` is; ``None``: it is none."""
        parts: Sequence[str] = said.strip().split("/")
        if len(parts) not in {3, 4} or not (parts[1].isascii() and parts[1].isdecimal()) or len(parts[1]) > 9:
            return None
        try:
            return cls(UUID(parts[0]), int(parts[1]), *map(UUID, parts[2:]))
        except ValueError:
            return None
