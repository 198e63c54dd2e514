"""The school's structure while an import is in hand: campuses, years, terms, levels, sections, courses and classes.

Some thousand rows at the most, read once; rows of the file that are yet to be written stand among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.db.models import prefetch_related_objects

from apps.exchange.models import Counterpart
from apps.exchange.services.reading import staged
from apps.institutions.models import AcademicYear, Course, CourseClass, GradeLevel, Institution, Section, Term
from schoolops.folding import fold
from schoolops.tenancy.compiled import Compiled

MODELS: dict[str, Any] = {
    staged.INSTITUTION: Institution,
    staged.YEAR: AcademicYear,
    staged.TERM: Term,
    staged.GRADE_LEVEL: GradeLevel,
    staged.COURSE: Course,
    staged.SECTION: Section,
    staged.CLASS: CourseClass,
}
_RELATED: dict[str, tuple[str, ...]] = {
    staged.YEAR: ("institution",),
    staged.TERM: ("year__institution", "parent"),
    staged.COURSE: ("institution", "grade_level"),
    staged.SECTION: ("year__institution", "grade_level"),
    staged.CLASS: ("year__institution", "course", "section__grade_level"),
}


def _in_order(kind: str) -> Compiled[Any]:
    return Compiled(lambda: MODELS[kind].objects.select_related(*_RELATED.get(kind, ())).order_by("pk"))


# Read at each step of an import, however short the file.
_ROWS = {kind: _in_order(kind) for kind in MODELS}
_KNOWN: Compiled[Any] = Compiled(
    lambda: Counterpart.objects.filter(kind__in=[*MODELS]).values_list("kind", "row_id", "external_id", "values")
)
_HOMEROOMS: Compiled[tuple[str, int]] = Compiled(
    lambda: Counterpart.objects.filter(kind__startswith="homeroom@").values_list("external_id", "row_id")
)


@dataclass(slots=True)
class Frame:
    """Rows of ours (or unsaved ones, of the file) by kind and outside id."""

    by_key: dict[tuple[str, str], Any] = field(default_factory=dict)
    rows: dict[str, list[Any]] = field(default_factory=dict)
    values: dict[tuple[str, int], dict[str, str]] = field(default_factory=dict)
    external: dict[tuple[str, int], str] = field(default_factory=dict)
    removed: set[tuple[str, str]] = field(default_factory=set)
    refused: set[tuple[str, str]] = field(default_factory=set)
    # Of a row that is yet to be written: where it stands in the file.
    imagined: dict[int, int] = field(default_factory=dict)
    default: Institution | None = None
    # What rows of the file are to be called → which of them.
    given: dict[tuple[str | int, ...], str] = field(default_factory=dict)
    # What the course of a grade's homerooms is called outside → the grade.
    homerooms: dict[str, GradeLevel] = field(default_factory=dict)
    _by_code: dict[str, dict[tuple[int, str], Any]] = field(default_factory=dict)

    def find(self, kind: str, key: str) -> Any:
        """The row that is called so outside, or whose own id that is; ``None``: none."""
        return self.by_key.get((kind, key))

    def add(self, kind: str, key: str, row: Any) -> None:
        """Let a row be found by ``key``."""
        self.by_key[kind, key] = row
        if all(row is not each for each in self.rows[kind]):
            self.rows[kind].append(row)
        if kind in self._by_code:
            self._number(kind, row)

    def _number(self, kind: str, row: Any) -> None:
        owner, by_code = _owner(kind, row), self._by_code[kind]
        by_code.setdefault((owner, fold(row.code)), row)
        # Of twins the one that is written so.
        by_code[owner, row.code] = row

    def session(self, key: str, org: str = "") -> Any:
        """The year or term of that key; of one that several campuses share, the campus's own."""
        kinds, keys = (staged.TERM, staged.YEAR), (key, f"{key}@{org}", key.partition("@")[0])
        found = (self.find(kind, each) for each in keys if each for kind in kinds)
        return next((row for row in found if row is not None), None)

    def year(self, key: str, org: str = "") -> AcademicYear | None:
        """The year of that key, or of the term of that key."""
        found = self.session(key, org)
        return found.year if isinstance(found, Term) else found

    def numbered(self, kind: str, owner: Any, code: str) -> Any:
        """The course of a campus, or the class of a year, with that code: there are too many to look through."""
        if kind not in self._by_code:
            self._by_code[kind] = {}
            for row in self.rows[kind]:
                self._number(kind, row)
        by_code, at = self._by_code[kind], _same(owner)
        return by_code.get((at, code)) or by_code.get((at, fold(code)))

    def where(self, kind: str, **facts: Any) -> Iterator[Any]:
        """Rows of a kind with these attributes, text by the fold; those that are written so come first."""
        found = [row for row in self.rows[kind] if all(_alike(getattr(row, fact), facts[fact]) for fact in facts)]
        yield from sorted(found, key=lambda row: any(getattr(row, name) != value for name, value in facts.items()))

    def gives(self, kind: str, facts: Mapping[str, Any], *, to: str) -> bool:
        """Whether the row of the file that is called ``to`` may have these names: no other was given them."""
        said = (fold(each) if isinstance(each, str) else _same(each) for each in facts.values())
        return self.given.setdefault((kind, *said), to) == to

    def level(self, code: str) -> GradeLevel | None:
        """The grade level of that code, or of that name."""
        folded = fold(code)
        for row in self.rows[staged.GRADE_LEVEL]:
            if code and folded in _called(row.code, row.name):
                return row  # type: ignore[no-any-return]
        bare = code.lstrip("0")
        return next((each for each in self.rows[staged.GRADE_LEVEL] if bare and each.code.lstrip("0") == bare), None)

    def institution(self, key: str) -> Institution | None:
        """A campus by outside id, code or name; where nothing is said, the one that is meant."""
        if not key:
            return self.default
        if key.startswith(staged.OR_ELSE):
            return self.institution(key.removeprefix(staged.OR_ELSE)) or self.default
        found = self.find(staged.INSTITUTION, key)
        if found is not None:
            return found  # type: ignore[no-any-return]
        folded = fold(key)
        return next(
            (row for row in self.rows[staged.INSTITUTION] if folded in {fold(row.code), fold(row.name)}),
            None,
        )


def _alike(one: Any, other: Any) -> bool:
    return one == other or (isinstance(one, str) and isinstance(other, str) and fold(one) == fold(other))


def _same(row: Any) -> int:
    # Rows of the file have no key yet; negative, so that it is nobody's key.
    return int(row.pk) if row.pk is not None else -id(row)


def _owner(kind: str, row: Any) -> int:
    return _same(row.institution if kind == staged.COURSE else row.year)


def load(institution: Institution | None) -> Frame:
    """The school as it is now: a query a kind, and three."""
    frame = Frame()
    by_pk: dict[tuple[str, int], Any] = {}
    for kind, asked in _ROWS.items():
        frame.rows[kind] = asked.all()
        for row in frame.rows[kind]:
            by_pk[kind, row.pk] = frame.by_key[kind, str(row.sourced_id)] = row
    prefetch_related_objects(frame.rows[staged.CLASS], "terms")
    for kind, pk, external, values in _KNOWN.all():
        if (kind, pk) in by_pk:
            frame.values[kind, pk] = values
            if external:
                frame.by_key[kind, external] = by_pk[kind, pk]
                frame.external[kind, pk] = external
        elif external:
            frame.removed.add((kind, external))
    levels = {each.pk: each for each in frame.rows[staged.GRADE_LEVEL]}
    frame.homerooms = {key: levels[pk] for key, pk in _HOMEROOMS.all() if pk in levels}
    there = frame.rows[staged.INSTITUTION]
    frame.default = institution or (there[0] if len(there) == 1 else None)
    return frame


@lru_cache(maxsize=256)
def _called(code: str, name: str) -> frozenset[str]:
    """What a level of that code and name is found by, folded: asked for each row of a file."""
    return frozenset({fold(code), fold(name), fold(code.lstrip("0"))})
