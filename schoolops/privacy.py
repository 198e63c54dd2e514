"""Which columns of a model whoever reaches a row may read, and which take more than that.

Every column of a model about people stands in exactly one class; a new column that stands in none fails a test. Lists,
filters, search, orders, exports, the audit trail, kept answers and letters ask here rather than keep lists of their
own, so that a column is private everywhere or nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.apps import apps
from django.db.models import Model

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
