"""Every text that somebody typed or sent, made into what a page would take for markup."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Concat, Left

from schoolops import append_only

# After each mark: what ends an attribute.
QUOTES = "'\""
RAW = re.compile(r"<s\d+>|&lt;s\d+&gt;['\"]")
SHOWN = re.compile(r"&lt;s(\d+)&gt;")
# Of ours, by the name of their column: nobody types them, and pages are made by what they say.
OURS = frozenset({
    "also", "back_to", "brand_colour", "channel", "currency", "day_order", "digest", "event", "fact", "field",
    "gateway", "key", "kind", "language", "listed", "locale", "password", "permission", "purpose", "query", "school",
    "school_schema", "scope", "sha256", "slug", "source_kind", "table", "timezone", "why",
})  # fmt: skip
# A shorter column holds no mark.
SHORTEST = 12


def texts_of(model: type[models.Model]) -> list[Any]:
    """Columns of ``model`` in which any text may stand."""
    return [
        field
        for field in model._meta.concrete_fields
        if type(field) in {models.CharField, models.TextField}
        and not (field.choices or field.primary_key or field.name in OURS)
        and (field.max_length or SHORTEST) >= SHORTEST
    ]


def marked(kinds: Iterable[type[models.Model]] = (), *, but: Collection[str] = ()) -> dict[int, str]:
    """Number → column, of each whose rows end now with ``<s1>'"`` by their numbers; all that schools have unless said.

    ``but``: labels of models, and of columns. What is only ever added to says it where it was made of such.
    """
    found: dict[int, str] = {}
    here = kinds or (each for each in apps.get_models() if each.__module__.startswith("apps."))
    for model in here:
        if model._meta.db_table in append_only.tables() or model._meta.label in but:
            continue
        said = {}
        for field in texts_of(model):
            if f"{model._meta.label}.{field.name}" in but:
                continue
            number = len(found) + 1
            end = f"<s{number}>{QUOTES}"
            kept = Left(F(field.name), field.max_length - len(end)) if field.max_length else F(field.name)
            said[field.name] = Concat(kept, Value(end), output_field=models.TextField())
            found[number] = f"{model._meta.label}.{field.name}"
        if said:
            model._base_manager.update(**said)
    return found
