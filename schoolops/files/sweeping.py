"""What is stored that no row names, and what rows name that is not stored. In the current school."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps
from django.core.files.storage import default_storage
from django.db.models import FileField

from schoolops import clock
from schoolops.context import current_school

log = logging.getLogger("schoolops.files")
# Far above the longest transaction: a file is there before its row is committed.
AGE: Final = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LeftOver:
    """Names of stored files that no row has named for ``AGE``, and of files that rows name and nobody stores."""

    unnamed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def fields() -> list[tuple[type[Any], str]]:
    """(model, field) of every file that a row can name."""
    return [
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, FileField)
    ]


def left_over() -> LeftOver:
    """What the school's folder and rows do not agree about. A few queries and one walk, however many files."""
    # The folder first: what is stored and named meanwhile is in neither list.
    stored = set(_stored(current_school().schema_name))
    named = {(model, field, name) for model, field in fields() for name in _named(model, field)}
    unnamed = stored - {name for _, _, name in named}
    missing = {
        name
        for model, field, name in named
        if name not in stored and not default_storage.exists(name) and name in _named(model, field, **{field: name})
    }
    return LeftOver(tuple(sorted(filter(_is_old, unnamed))), tuple(sorted(missing)))


def sweep() -> LeftOver:
    """Delete the files that no row names; says what was found. What is missing can only be told."""
    found = left_over()
    for name in found.unnamed:
        default_storage.delete(name)
        log.warning("a file that no row names is deleted", extra={"facts": {"file": name}})
    for name in found.missing:
        log.error("a row names a file that is not stored", extra={"facts": {"file": name}})
    return found


def _named(model: type[Any], field: str, **those: Any) -> set[str]:
    rows = model._default_manager.filter(**those).exclude(**{field: ""})
    return set(rows.order_by().values_list(field, flat=True).iterator())


def _stored(folder: str) -> Iterator[str]:
    try:
        folders, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}/{name}" for name in names)
    for each in folders:
        yield from _stored(f"{folder}/{each}")


def _is_old(name: str) -> bool:
    try:
        return default_storage.get_modified_time(name) < clock.machine() - AGE
    except FileNotFoundError:
        return False
