"""Which columns of a model whoever reaches a row may read, and which take more than that.

Every column of a model about people stands in exactly one class; a new column that stands in none fails a test. Lists,
filters, search, orders, exports, the audit trail, kept answers and letters ask here rather than keep lists of their
own, so that a column is private everywhere or nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Any

from django.apps import apps
from django.db.models import Model, QuerySet

WITHHELD = "not shown here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy:
    """The classes of a model's columns, by field name.

    Args:
        public: who somebody is, and the facts of the register: for whoever reaches the row.
        personal: how somebody is reached and what they look like: for whoever reaches the row, and for nobody to whom
            another record is joined with it; never in a letter, a log or a kept answer.
        private: column -> the permission that shows it, over that very row. Nowhere else at all.
        secret: for nobody, whatever they may do.
    """

    public: frozenset[str]
    personal: frozenset[str] = frozenset()
    private: Mapping[str, str] = field(default_factory=dict)
    secret: frozenset[str] = frozenset()

    @property
    def withheld(self) -> frozenset[str]:
        """Columns that reaching the row does not show."""
        return self.secret | self.private.keys()

    @property
    def classes(self) -> tuple[frozenset[str], ...]:
        """The four classes, as names."""
        return self.public, self.personal, frozenset(self.private), self.secret


@cache
def declared() -> Mapping[type[Model], Privacy]:
    """Every model that says what of it is private."""
    return {model: said for model in apps.get_models() if isinstance(said := getattr(model, "privacy", None), Privacy)}


def unclassed(columns: Iterable[str], said: Privacy) -> list[str]:
    """Those of ``columns`` that do not stand in exactly one class, and what is classed and no column."""
    columns = set(columns)
    times = [name for class_ in said.classes for name in class_]
    return sorted({name for name in columns if times.count(name) != 1} | (set(times) - columns))


def withheld() -> frozenset[str]:
    """Names of all columns that are private or secret somewhere: by default, no surface says what is in them."""
    # A process logs before there are models, and then nothing of theirs.
    return _withheld() if apps.models_ready else frozenset()


@cache
def _withheld() -> frozenset[str]:
    return frozenset().union(*(said.withheld for said in declared().values()))


def without_private(values: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` by field as the audit trail keeps them: a private one was written, be it to say nothing any more."""
    return {name: WITHHELD if name in withheld() else value for name, value in values.items()}


def shape(said: Any) -> Any:
    """``said``, a JSON value, without what it says: names and kinds of values, such as ``{"day": "text"}``."""
    if isinstance(said, Mapping):
        return {str(name): shape(value) for name, value in said.items()}
    if isinstance(said, list | tuple):
        return [shape(said[0]), f"{len(said)} in all"] if said else []
    return _KINDS.get(type(said), type(said).__name__)


_KINDS: Mapping[type, str] = {
    str: "text", bool: "yes or no", int: "number", float: "number", type(None): "nothing",
}  # fmt: skip


def refuse_private(what: str, paths: Iterable[object]) -> None:
    """Raise ``TypeError`` where one of ``paths``, as a list, filter, search or order names it, leads to such a column.

    Every part of a path is looked at, so ``student__medical_note__startswith`` is as private as ``medical_note``.
    """
    for each in paths:
        # An expression is named by the column it is about, where it is about one.
        path = each if isinstance(each, str) else getattr(each, "name", "")
        if isinstance(path, str) and not withheld().isdisjoint(path.lstrip("-=^@").split("__")):
            raise TypeError(f"{what} names {path}, which reaching a row does not show.")


# --- what becomes of somebody's rows ----------------------------------------------------------------------------------
class Fate(Enum):
    """What becomes of rows when the person goes that a column of theirs leads to."""

    GOES = "deleted"
    # They say who did something, and are not about who did it. The login they lead to has no name any more.
    ACTED = "left, nameless"
    # The two are one person: the login of a student, a record that was merged into another.
    SAME = "the same person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Rows that stand for as long as a law asks for them; and the name of the person with them, for they are its own.

    Args:
        law: whose period stands in ``settings.RETENTION_YEARS``.
        since: paths to a date or a moment; the years count from the first of them that a row has, the latest row's.
        blanks: what is free text about somebody, and what stands there once the person was erased.
    """

    law: str
    since: tuple[str, ...]
    blanks: Mapping[str, object] = field(default_factory=dict)


Held = Mapping[str, "Kept | Fate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A row that is a person: every column of its own that says something of them, and what stands there afterwards.

    Args:
        kind: as commands call it.
        number: the column by which people name one, beside the public id.
        identity: who it is. Stays for as long as a law keeps rows that are about them.
        blanks: everything else.
        law: where a law keeps this very row.
    """

    kind: str
    number: str
    identity: Mapping[str, object]
    blanks: Mapping[str, object]
    law: Kept | None = None


Finder = Callable[[Model], "QuerySet[Any] | None"]
Staying = Callable[[Model], str]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Who finds rows of ``model`` that are about a person, what becomes of them, and what of them the person reads."""

    model: type[Model]
    finder: Finder
    fate: Kept | Fate
    shown: frozenset[str]


_elsewhere: list[Elsewhere] = []
_others: dict[type[Model], tuple[Held, frozenset[str]]] = {}
_staying: list[Staying] = []


def held_elsewhere(model: type[Model], fate: Kept | Fate, *, shown: Iterable[str] = ()) -> Callable[[Finder], Finder]:
    """Register who finds rows of ``model`` that are about a person and lead to no row; ``None`` for other persons.

    ``shown``: the columns that the person may read.
    """

    def register(finder: Finder) -> Finder:
        _elsewhere.append(Elsewhere(model, finder, fate, frozenset(shown)))
        return finder

    return register


def declare_held(model: type[Model], said: Held, *, shown: Iterable[str]) -> None:
    """Say of a library's model what one of ours says in ``held``; ``shown``: the columns that the person may read."""
    _others[model] = said, frozenset(shown)


def stays(staying: Staying) -> Staying:
    """Register who says, in a sentence, why a person cannot go yet; empty where nothing is known."""
    _staying.append(staying)
    return staying


def why_it_stays(row: Model) -> list[str]:
    """Every reason for which this person cannot be erased now."""
    return [said for staying in _staying if (said := staying(row))]


def persons() -> Mapping[type[Model], Person]:
    """Every model whose rows are persons."""
    return {model: said for model in apps.get_models() if isinstance(said := getattr(model, "person", None), Person)}


def held(model: type[Model]) -> Held:
    """What rows of ``model`` hold of persons, by the column that leads there."""
    said: Held = getattr(model, "held", None) or _others.get(model, ({}, frozenset()))[0]
    return said


def found_elsewhere() -> Iterable[Elsewhere]:
    """What leads to persons otherwise than by a column."""
    return tuple(_elsewhere)


def readable(model: type[Model]) -> frozenset[str]:
    """The columns of rows about a person that the person may read: no secret, nothing private that is another's too.

    A note about two people is neither's alone.
    """
    if model in _others:
        return _others[model][1]
    shown: Privacy | None = declared().get(model)
    about = [name for name, fate in held(model).items() if fate is not Fate.ACTED and fate is not Fate.SAME]
    hidden = (
        frozenset() if shown is None else shown.secret | (frozenset(shown.private) if len(about) > 1 else frozenset())
    )
    return frozenset(each.name for each in model._meta.concrete_fields if not each.generated) - hidden


def unsaid(models: Iterable[type[Model]]) -> list[str]:
    """Columns of ``models`` that lead to a person and do not say what becomes of their rows, or say it and do not."""
    known = persons()
    found = []
    for model in models:
        leading = {each.name for each in model._meta.concrete_fields if each.related_model in known}
        found += [f"{model._meta.label}.{name}" for name in leading ^ set(held(model))]
    return sorted(found)


def unaccounted(model: type[Model], said: Person, shown: Privacy) -> list[str]:
    """Columns of a person beyond who sees the row that are neither identity nor blanked, or are both."""
    both = list(said.identity) + list(said.blanks)
    of_them = shown.personal | set(shown.private) | shown.secret
    filled = {each.name for each in model._meta.concrete_fields if each.generated}
    return sorted({name for name in both if both.count(name) > 1} | (of_them - set(both) - filled))
