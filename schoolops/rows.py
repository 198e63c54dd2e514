"""Model bases that know nothing of a school: a public id, and when a row last changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, ClassVar

from django.db import connection, models
from django.db.models import QuerySet
from django.utils.formats import date_format
from psycopg import sql

from schoolops import clock
from schoolops.errors import FieldError, Invalid
from schoolops.ids import uuid7

# Of what is told in sentences: an address, a note.
LONGEST_NOTE = 5_000


class TextTooLong(Invalid):
    """Longer than it may be: {fields}."""

    code = "schoolops:text-too-long"


@cache
def _lengths(model: type[models.Model]) -> tuple[tuple[str, int], ...]:
    """Columns of text, and how many characters (code points) each holds."""
    return tuple(
        (field.attname, field.max_length)
        for field in model._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField) and field.max_length
    )


def refuse_too_long(row: models.Model, names: Collection[str] | None = None) -> None:
    """Nothing, when every text of ``row`` (or those called ``names``) fits its column. Raises ``TextTooLong``."""
    wrong = [
        FieldError(name, "max_length", "At most {most} characters.", {"most": most})
        for name, most in _lengths(type(row))
        if (names is None or name in names) and isinstance(said := getattr(row, name), str) and len(said) > most
    ]
    if wrong:
        fields = ", ".join(f"{each.field} ({each.facts['most']})" for each in wrong)
        raise TextTooLong(errors=wrong, fields=fields)


# Rows at once from which COPY is cheaper than a statement.
COPIED_FROM = 100


def add_many(rows: Sequence[models.Model]) -> None:
    """Insert rows of one table whose keys nobody asks for: one statement for any number."""
    if len(rows) > COPIED_FROM:
        copy_in(rows)
    elif rows:
        type(rows[0])._default_manager.bulk_create(rows)


def copy_in(rows: Sequence[models.Model]) -> None:
    """Insert ``rows`` by COPY: where nobody asks for the keys that they get, it is a third of Django's own price."""
    if not rows:
        return
    meta = type(rows[0])._meta
    fields = [field for field in meta.concrete_fields if not (field.primary_key or field.generated)]
    columns = sql.SQL(", ").join(map(sql.Identifier, [str(field.column) for field in fields]))
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(meta.db_table), columns)
    said = [_said(field) for field in fields]
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(into) as copying:
        for row in rows:
            copying.write_row([each(row) for each in said])


# What the driver takes as it stands.
_PLAIN = (
    models.CharField, models.TextField, models.IntegerField, models.PositiveIntegerField, models.BooleanField,
    models.PositiveSmallIntegerField, models.DecimalField, models.DateField, models.UUIDField, models.ForeignKey,
)  # fmt: skip


def _said(field: Any) -> Callable[[models.Model], Any]:
    """What a row's field is to the driver."""
    if type(field) in _PLAIN:
        return attrgetter(field.attname)
    return lambda row: field.get_db_prep_save(field.pre_save(row, add=True), connection)


def called(*parts: object) -> str:
    """What a row that stands between others is called by people: their names and its day, as the reader writes days."""
    said = (
        date_format(part, "SHORT_DATE_FORMAT") if isinstance(part, dt.date) else str(part) for part in parts if part
    )
    return " · ".join(said)


def with_names(rows: QuerySet[Any]) -> QuerySet[Any]:
    """``rows`` with those they stand between and are named by: what they are called costs no query."""
    near = [field for field in rows.model._meta.concrete_fields if isinstance(field, models.ForeignKey)]
    far = [
        f"{field.name}__{further.name}"
        for field in near
        for further in field.related_model._meta.concrete_fields
        if isinstance(further, models.ForeignKey) and further.name == "grade_level"
    ]
    return rows.select_related(*[field.name for field in near], *far)


class RowStatus(models.TextChoices):
    """OneRoster's life of a record."""

    ACTIVE = "active"
    TO_BE_DELETED = "tobedeleted"


class Fitting(models.Model):
    """What is saved fits its columns, or the refusal names them."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        refuse_too_long(self, kwargs.get("update_fields"))
        super().save(*args, **kwargs)


class PublicRow(Fitting):
    """A row that the outside may name: bigint key inside, UUIDv7 outside."""

    sourced_id = models.UUIDField(default=uuid7, unique=True, editable=False)

    class Meta:
        abstract = True


def stamp() -> dt.datetime:
    """Default of ``date_last_modified``: the platform's clock."""
    return clock.now()


class RosteredQuerySet(QuerySet[Any]):
    """``update`` keeps ``date_last_modified`` true, so that a delta export misses nothing."""

    def update(self, **values: Any) -> int:
        values.setdefault("date_last_modified", clock.now())
        return super().update(**values)


# The columns of every row of the roster, none of them private.
ROSTERED = frozenset({"id", "sourced_id", "status", "date_last_modified"})


class Rostered(PublicRow):
    """An entity of the roster, exported by projection: ``sourced_id``, ``status``, ``date_last_modified``."""

    status = models.CharField(max_length=12, choices=RowStatus.choices, default=RowStatus.ACTIVE)
    date_last_modified = models.DateTimeField(default=stamp)

    objects: ClassVar[Any] = RosteredQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.date_last_modified = clock.now()
        if (fields := kwargs.get("update_fields")) is not None:
            kwargs["update_fields"] = {*fields, "date_last_modified"}
        super().save(*args, **kwargs)
