"""Everything about one person as a file to read: a page, the same as JSON, and the files. In the current school."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from schoolops import clock, privacy
from schoolops.audit import trail
from schoolops.copies import persons
from schoolops.privacy import Fate

_PAGE = """<!doctype html>
<html lang="{language}"><meta charset="utf-8"><title>{title}</title>
<style>body{{font-family:sans-serif;margin:2rem}}table{{border-collapse:collapse;margin:0 0 2rem}}
th,td{{border:1px solid #999;padding:.3rem .5rem;text-align:start;vertical-align:top}}</style>
<h1>{title}</h1><p>{made}</p>{tables}</html>
"""
Rows = dict[str, list[dict[str, Any]]]


def write(person: models.Model, target: Any, *, reason: str) -> int:
    """Write the archive of ``person`` (a ZIP) into ``target``, with a line in the trail; returns how many rows it has.

    ``index.html`` and ``data.json`` say the same: each row about the person, without what is secret and without what is
    private of others too; of what the person did to others, how often. ``files/`` holds what the rows name.
    """
    with transaction.atomic():
        trail.record(trail.SYSTEM, "privacy.exported", person, reason=reason)
        rows, acted, named = _gathered(person)
    made = clock.now().isoformat(timespec="minutes")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        said = {"made_at": made, "rows": rows, "acted": acted, "files": sorted(named)}
        archive.writestr("data.json", json.dumps(said, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1))
        archive.writestr("index.html", _page(str(person), made, rows, acted))
        for name, stored in named.items():
            with stored.open("rb") as file, archive.open(name, "w") as into:
                while piece := file.read(1 << 20):
                    into.write(piece)
    return sum(map(len, rows.values()))


def _gathered(person: models.Model) -> tuple[Rows, dict[str, int], dict[str, Any]]:
    """Rows by model, how often the person did what, and stored files by their name in the archive."""
    subjects = persons.subjects_of(person)
    rows: Rows = {}
    acted: dict[str, int] = {}
    named: dict[str, Any] = {}
    for subject in subjects:
        rows.setdefault(type(subject)._meta.label, []).append(_read(subject, privacy.readable(type(subject)), named))
    for each in persons.rows_about(subjects):
        label = each.model._meta.label
        if each.fate is Fate.ACTED:
            if count := each.rows.count():
                acted[f"{label}.{each.by}"] = count
            continue
        for row in _joined(each.model, each.shown, each.rows).iterator(chunk_size=500):
            said = _read(row, each.shown, named)
            if said not in (known := rows.setdefault(label, [])):
                known.append(said)
    return {label: found for label, found in rows.items() if found}, acted, named


def _joined(model: type[models.Model], shown: frozenset[str], rows: Any) -> Any:
    return rows.order_by("pk").select_related(*[each.name for each in _fields(model, shown) if each.is_relation])


def _fields(model: type[models.Model], shown: frozenset[str]) -> list[Any]:
    return [each for each in model._meta.concrete_fields if each.name in shown]


def _read(row: models.Model, shown: frozenset[str], named: dict[str, Any]) -> dict[str, Any]:
    """The columns of ``row`` as JSON takes them: another row by what it is called, a file by its name here."""
    said: dict[str, Any] = {}
    for field in _fields(type(row), shown):
        value = getattr(row, field.name)
        if isinstance(field, models.FileField):
            if value and value.storage.exists(value.name):
                inside = f"files/{value.name.partition('/')[2]}"
                named[inside] = value
                said[field.name] = inside
            else:
                said[field.name] = None
        elif isinstance(value, models.Model):
            said[field.name] = {"id": trail.object_id(value), "called": str(value)}
        else:
            said[field.name] = value
    return said


def _page(title: str, made: str, rows: Rows, acted: dict[str, int]) -> str:
    tables = [_table(label, found) for label, found in rows.items()]
    if acted:
        tables.append(_table("acted", [{"what": what, "times": times} for what, times in acted.items()]))
    joined = format_html_join("", "{}", ((table,) for table in tables))
    return str(format_html(_PAGE, language="en", title=title, made=made, tables=joined))


def _table(label: str, rows: list[dict[str, Any]]) -> SafeString:
    head = format_html_join("", "<th>{}</th>", ((name,) for name in rows[0]))
    body = format_html_join("", "<tr>{}</tr>", ((_cells(row),) for row in rows))
    return format_html("<h2>{} ({})</h2><table><tr>{}</tr>{}</table>", label, len(rows), head, body)


def _cells(row: dict[str, Any]) -> SafeString:
    return format_html_join("", "<td>{}</td>", ((said,) for said in _texts(row)))


def _texts(row: dict[str, Any]) -> Iterator[Any]:
    for value in row.values():
        if isinstance(value, str) and value.startswith("files/"):
            yield format_html('<a href="{0}">{0}</a>', value)
        elif isinstance(value, dict) and set(value) == {"id", "called"}:
            yield value["called"]
        elif isinstance(value, dict | list):
            yield json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
        else:
            yield "" if value is None else value
