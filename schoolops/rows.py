"""Model bases that know nothing of a school: a public id, and when a row last changed."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.db import models
from django.db.models import QuerySet

from schoolops import clock
from schoolops.ids import uuid7

# Characters of what people write in lines of their own, whichever door it comes through.
LONGEST_ADDRESS = 2_000
LONGEST_NOTE = 20_000


class RowStatus(models.TextChoices):
    """OneRoster's life of a record."""

    ACTIVE = "active"
    TO_BE_DELETED = "tobedeleted"


class PublicRow(models.Model):
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
