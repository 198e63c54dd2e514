"""``IndexSpec`` and the table of them: one tuple ``INDEXES`` per ``apps/<app>/indexes.py``.

Not ``Meta.indexes``: building through migrations is 170 × slower over a thousand schemas and cannot be resumed.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from django.apps import apps
from django.conf import settings

from schoolops import reference

Method = Literal["btree", "gin", "gist", "brin"]
# How a comment begins by which we know an index of ours, and what it was made from.
MARK = "schoolops:"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,57}")


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """One index and the query it is there for.

    Args:
        name: at most 58 characters (room for the suffix of a rebuild), unique in the school's schema.
        table: the table's name, without schema.
        columns: columns or SQL expressions, in order, each with its direction or operator class where it matters;
            operator classes of extensions are written ``extensions.gin_trgm_ops``.
        purpose: the query this index serves, as a person would name it.
        include: further columns kept in the leaves, so that the query never visits the table.
        condition: SQL of a partial index, without WHERE.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    purpose: str
    include: tuple[str, ...] = ()
    condition: str = ""
    method: Method = "btree"

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is not an index name: lower-case, at most 58 characters.")
        if not self.purpose:
            raise ValueError(f"Index {self.name} serves no named query.")

    def create_sql(self, schema: str, *, concurrently: bool = False) -> str:
        """``CREATE INDEX`` with the table fully qualified by ``schema`` (unqualified when empty)."""
        where = f"{schema}.{self.table}" if schema else self.table
        include = f" INCLUDE ({', '.join(self.include)})" if self.include else ""
        condition = f" WHERE {self.condition}" if self.condition else ""
        return (
            f"CREATE INDEX {'CONCURRENTLY ' if concurrently else ''}{self.name} ON {where} "
            f"USING {self.method} ({', '.join(self.columns)}){include}{condition}"
        )

    @property
    def mark(self) -> str:
        """What the index is commented with: it changes with the definition."""
        return MARK + hashlib.sha256(self.create_sql("").encode()).hexdigest()[:16]

    @property
    def has_statistics_of_its_own(self) -> bool:
        """Whether the planner knows nothing of it before its table is analysed: expressions, or some rows only."""
        return bool(self.condition) or any("(" in column for column in self.columns)

    def mark_sql(self, schema: str) -> str:
        """``COMMENT ON INDEX``, once it is built."""
        return f"COMMENT ON INDEX {schema}.{self.name} IS '{self.mark}'"


def indexes_of(app: str) -> tuple[IndexSpec, ...]:
    """The specs that the app (a dotted name such as ``apps.students``) declares."""
    module = f"{app}.indexes"
    if importlib.util.find_spec(app) is None or importlib.util.find_spec(module) is None:
        return ()
    specs: tuple[IndexSpec, ...] = importlib.import_module(module).INDEXES
    return specs


def declared() -> Iterator[tuple[str, IndexSpec]]:
    """(app, spec) for every declared index of every installed app."""
    for config in apps.get_app_configs():
        if config.name.startswith(("apps.", "schoolops.")) and config.name != "schoolops.indexes":
            for spec in indexes_of(config.name):
                yield config.name, spec


def school_indexes() -> list[IndexSpec]:
    """The indexes of one school's schema, in order of app and declaration."""
    return [spec for app, spec in declared() if app in settings.TENANT_APPS]


def shared_indexes() -> list[IndexSpec]:
    """The indexes of ``public`` for apps that live there alone."""
    return [spec for app, spec in declared() if app not in settings.TENANT_APPS]


def _rows() -> Iterator[tuple[object, ...]]:
    for app, spec in sorted(declared(), key=lambda pair: (pair[1].table, pair[1].name)):
        columns = ", ".join(spec.columns) + (f" INCLUDE ({', '.join(spec.include)})" if spec.include else "")
        condition = f"`{spec.condition}`" if spec.condition else ""
        yield f"`{spec.name}`", f"`{spec.table}`", spec.method, f"`{columns}`", condition, spec.purpose, app


reference.declare(
    reference.Table(
        name="indexes",
        title="Indexes",
        introduction=(
            "Every index beside those of primary keys and unique constraints, and the query it serves. Declared as "
            "`IndexSpec` in each app's `indexes.py`, never in `Meta.indexes` and never by a foreign key."
        ),
        columns=("Index", "Table", "Method", "Columns", "Where", "Serves", "App"),
        rows=_rows,
    )
)
