"""The trail as people read it: fields and rows by what the office calls them, days as the reader writes them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import ForeignKey, Model
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from apps.office.shell.happened import happened
from apps.office.shell.site import office
from apps.office.shell.words import FIELDS
from schoolops.audit.models import AuditEntry

Facts = Sequence[tuple[str, str]]
_Named = Mapping[tuple[type[Model], str], str]
NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Line:
    """One entry; ``before`` and ``after`` are (what a field is called, what it held)."""

    entry: AuditEntry
    happened: str
    before: Facts
    after: Facts


def as_read(entries: Iterable[AuditEntry], request: HttpRequest) -> list[Line]:
    """``entries`` in the reader's words. A row that whoever asks could not open is not named."""
    entries = list(entries)
    wanted: dict[type[Model], set[str]] = defaultdict(set)
    for entry in entries:
        for name, value in _pairs(entry):
            model = _referred().get(name.removesuffix("_id"))
            if model is not None and value is not None:
                wanted[model].add(str(value))
    named = {(model, key): said for model, keys in wanted.items() for key, said in _names(model, keys, request)}
    return [
        Line(entry, happened(entry.action), _facts(entry.before, named), _facts(entry.after, named))
        for entry in entries
    ]


def what_about(entries: Sequence[AuditEntry], request: HttpRequest) -> dict[int, str]:
    """Key of an entry → what it is about: “Student: Ada Byron”. What whoever asks could not open has its kind alone."""
    wanted: dict[type[Model], set[str]] = defaultdict(set)
    for entry in entries:
        if (model := _model_of(entry)) is not None:
            wanted[model].add(entry.object_id)
    named = {(model, key): said for model, keys in wanted.items() for key, said in _names(model, keys, request)}
    return {entry.pk: _about(entry, named) for entry in entries}


def _model_of(entry: AuditEntry) -> type[Model] | None:
    try:
        return apps.get_model(entry.object_type)
    except (LookupError, ValueError):
        return None


def _about(entry: AuditEntry, named: _Named) -> str:
    model = _model_of(entry)
    admin = None if model is None else office.admin_of(model)
    if model is None or admin is None:
        return NOTHING
    kind, name = capfirst(str(admin.one)), named.get((model, entry.object_id))
    return f"{kind}: {name}" if name else kind


def _pairs(entry: AuditEntry) -> Iterable[tuple[str, Any]]:
    for facts in (entry.before, entry.after):
        if isinstance(facts, dict):
            yield from facts.items()


@cache
def _referred() -> Mapping[str, type[Model]]:
    """Column → the table it refers to, of columns that mean the same wherever they stand."""
    found: dict[str, set[Any]] = defaultdict(set)
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, ForeignKey) and model.__module__.startswith("apps."):
                found[field.name].add(field.related_model)
    return {name: models.pop() for name, models in found.items() if len(models) == 1}


def _names(model: type[Model], keys: set[str], request: HttpRequest) -> Iterable[tuple[str, str]]:
    rows = office.rows_of(model, request)
    if rows is None:
        return
    numbers = [int(key) for key in keys if key.isdecimal()]
    for row in rows.filter(pk__in=numbers):
        yield str(row.pk), str(row)
    public = [key for key in keys if _is_public(key)]
    if public and any(field.name == "sourced_id" for field in model._meta.concrete_fields):
        for row in rows.filter(sourced_id__in=public):
            yield str(row.sourced_id), str(row)


def _is_public(key: str) -> bool:
    try:
        UUID(key)
    except ValueError:
        return False
    return True


def _facts(facts: Any, named: _Named) -> Facts:
    return [_fact(name, value, named) for name, value in facts.items()] if isinstance(facts, dict) else []


def _fact(name: str, value: Any, named: _Named) -> tuple[str, str]:
    column = name.removesuffix("_id")
    called = capfirst(str(FIELDS.get(column, column.replace("_", " "))))
    model = _referred().get(column)
    if model is not None and value is not None:
        return called, named.get((model, str(value)), NOTHING)
    return called, _said(value)


def _said(value: Any) -> str:
    match value:
        case None | "" | []:
            return NOTHING
        case bool():
            return _("Yes") if value else _("No")
        case list():
            return ", ".join(_said(each) for each in value)
        case str() if len(value) == len("2026-01-01"):
            try:
                return str(date_format(dt.date.fromisoformat(value), "SHORT_DATE_FORMAT"))
            except ValueError:
                return value
        case _:
            return str(value)
