"""What may stand once, by the fold: numbers, codes and logins that read the same to people are one.

Schools from before the rule may hold some twice: “A1” beside “a1”. They keep them. Each such row is a twin, counted
from 1 beside the one that has the number, which is 0 as everybody else; the unique index holds fold and count, so
nothing that comes later joins them. A twin that is called otherwise is none any more, and where the one that had the
number leaves it, the next of its twins has it. Triggers see to both, whoever writes.

A model declares the column with ``count()`` and the constraint with ``once``; its migration counts those that are there
and puts up the triggers with ``keep``, between the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, migrations, models
from django.db.models import F, Q

from schoolops import privacy
from schoolops.folding import Fold

SUFFIX = "_twin"

_FORWARD = """
CREATE OR REPLACE FUNCTION no_twin_by_another_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RETURN jsonb_populate_record(NEW, jsonb_build_object(TG_ARGV[0], 0));
END $$;
CREATE OR REPLACE FUNCTION next_twin_has_it() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'UPDATE %1$s SET %2$I = 0 WHERE id = (SELECT id FROM %1$s WHERE %2$I > 0'
        ' AND extensions.fold(%3$I) = extensions.fold(($1).%3$I) %4$s ORDER BY %2$I LIMIT 1)',
        TG_RELID::regclass, TG_ARGV[0], TG_ARGV[1], TG_ARGV[2]) USING OLD;
    RETURN NULL;
END $$;
WITH counted AS (
    SELECT id, row_number() OVER (PARTITION BY {of} ORDER BY {order}) - 1 AS twin FROM {table} WHERE {where}
)
UPDATE {table} SET {column}_twin = counted.twin FROM counted WHERE counted.id = {table}.id AND counted.twin > 0;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
CREATE TRIGGER {name}_called_otherwise BEFORE UPDATE OF {columns} ON {table} FOR EACH ROW
    WHEN (NEW.{column}_twin > 0 AND ({old}) IS DISTINCT FROM ({new}))
    EXECUTE FUNCTION no_twin_by_another_name('{column}_twin');
CREATE TRIGGER {name}_left AFTER UPDATE OF {columns} ON {table} FOR EACH ROW
    WHEN (OLD.{column}_twin = 0 AND ({old}) IS DISTINCT FROM ({new}))
    EXECUTE FUNCTION next_twin_has_it('{column}_twin', '{column}', '{same}');
CREATE TRIGGER {name}_gone AFTER DELETE ON {table} FOR EACH ROW
    WHEN (OLD.{column}_twin = 0)
    EXECUTE FUNCTION next_twin_has_it('{column}_twin', '{column}', '{same}');
"""
_BACKWARD = """
DROP TRIGGER {name}_gone ON {table};
DROP TRIGGER {name}_left ON {table};
DROP TRIGGER {name}_called_otherwise ON {table};
"""


def count() -> Any:
    """The column beside one that may stand once by the fold."""
    return models.SmallIntegerField(default=0, db_default=0, editable=False)


def once(
    column: str, *, name: str, within: tuple[str, ...] = (), condition: Q | None = None
) -> models.UniqueConstraint:
    """``column`` stands once, by the fold, among the rows that agree in ``within``."""
    return models.UniqueConstraint(*within, Fold(column), f"{column}{SUFFIX}", name=name, condition=condition)


def keep(
    table: str, column: str, *, name: str, within: tuple[str, ...] = (), where: str = "true", order: str = "id"
) -> migrations.RunSQL:
    """The operation of a migration that counts twins and puts up the triggers. Never to be changed once released.

    Args:
        name: the constraint's, by which the triggers are called. within: columns as the database calls them.
        where: which rows count. order: who of several has the number.
    """
    columns = (*within, column)

    def of(row: str) -> str:
        return ", ".join([*(f"{row}{each}" for each in within), f"extensions.fold({row}{column})"])

    said = {
        "table": table,
        "column": column,
        "name": name,
        "of": of(""),
        "old": of("OLD."),
        "new": of("NEW."),
        "columns": ", ".join(columns),
        "same": " ".join(f"AND {each} = ($1).{each}" for each in within),
        "where": where,
        "order": order,
    }
    return migrations.RunSQL(_FORWARD.format(**said), _BACKWARD.format(**said))


@dataclass(frozen=True, slots=True)
class Once:
    """``column`` of ``model`` stands once, by the fold, among the rows that agree in ``within``."""

    model: type[models.Model]
    column: str
    within: tuple[str, ...]
    constraint: str


def declared() -> Iterator[Once]:
    """Everything that may stand once by the fold."""
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            parts: tuple[Any, ...] = getattr(constraint, "expressions", ())
            names = [str(part.name) for part in parts if isinstance(part, F)]  # type: ignore[attr-defined]
            if names and names[-1].endswith(SUFFIX):
                yield Once(model, names[-1].removesuffix(SUFFIX), tuple(names[:-1]), constraint.name)


@dataclass(frozen=True, slots=True)
class Twin:
    """A row that reads as another: which column of which, and what stands in both."""

    of: Once
    row: Any
    other: Any

    @property
    def said(self) -> str:
        return str(getattr(self.row, self.of.column))

    @property
    def is_public(self) -> bool:
        """Whether an operator may read what is written there."""
        said = privacy.declared().get(self.of.model)
        return said is None or self.of.column in said.public

    @property
    def other_said(self) -> str:
        return str(getattr(self.other, self.of.column))


def there_are() -> list[Once]:
    """Of which the current school holds twins. One query."""
    every = list(declared())
    asked = " UNION ALL ".join(
        f"SELECT {number} WHERE EXISTS (SELECT 1 FROM {each.model._meta.db_table} WHERE {each.column}{SUFFIX} > 0)"  # noqa: S608 - names of models
        for number, each in enumerate(every)
    )
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return [every[number] for (number,) in sorted(cursor.fetchall())]


def twins(*, most: int = 100) -> list[Twin]:
    """The twins of the current school, ``most`` of each column, with the row that has the number."""
    found = []
    for each in there_are():
        twin = f"{each.column}{SUFFIX}"
        for row in each.model._default_manager.filter(**{f"{twin}__gt": 0}).order_by("pk")[:most]:
            same = {name: getattr(row, name) for name in each.within}
            others = each.model._default_manager.alias(_fold=Fold(each.column)).filter(
                **same, **{twin: 0}, _fold=Fold(models.Value(getattr(row, each.column)))
            )
            if (other := others.first()) is not None:
                found.append(Twin(each, row, other))
    return found
