"""Collects every string that people read, and compiles what is translated: ``make messages``.

Strings stand in English in the code, wrapped in gettext. Sentences of refusals are docstrings, those of permissions,
first roles and first attendance codes rows of tables, and choices stand in models: they are collected as well.
"""

from __future__ import annotations

import datetime as dt
import functools
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import django
import unfold
from babel.messages import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from apps.access.permissions import BUILTIN_ROLES, PERMISSIONS
from apps.attendance.services.codes import FIRST_CODES
from apps.office.shell.rooms import rooms
from apps.office.shell.words import AS_NAMED, CHOICES
from config.env import BASE_DIR
from schoolops import errors, problem
from schoolops.api import errors as _of_the_api  # noqa: F401 - declares what a bare page says

LOCALE = BASE_DIR / "locale"
# English is the code itself.
LANGUAGES = ("ar",)
# As Django's own catalogues have them: it joins them with ours.
PLURALS = {
    "ar": (
        "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 :"
        " n%100>=3 && n%100<=10 ? 3 : n%100>=11 && n%100<=99 ? 4 : 5;"
    )
}
DOMAIN = "django"
HOUSES = ("apps", "schoolops", "config")
KEYWORDS: dict[str, Any] = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    # What a service says of one field: marked by being said.
    "FieldError": (3,),
}
# Whose refusals a school's pages show; operators and programs read the others, in English.
SPEAKING = ("apps.", "schoolops.errors", "schoolops.ratelimit", "schoolops.constraints")
# And what anybody's browser may be told before or instead of a page of the school.
ON_BARE_PAGES = frozenset(
    {
        *("api:not-found", "resilience:group-unavailable", "schoolops:internal", "schoolops:unavailable"),
        "schoolops:kept-unanswered",
        *("tenancy:outcome-unknown", "tenancy:school-not-ready", "tenancy:school-suspended", "tenancy:unknown-host"),
        "tenancy:school-unreachable",
    }
)
# Parts of the admin's theme that no page of ours shows.
_UNUSED = frozenset(
    {
        *("auth", "command_history.html", "command_results.html", "components", "constance", "forms", "guardian"),
        *("dataset_model_admin.py", "import_export", "location_field", "nested_inlines_model_admin.py"),
        *("registration", "simple_history", "unfold_crispy"),
    }
)
# The file says what is in it, not when it was made: made anew, it is the same.
_NEVER = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
# Marks a translation that is for a person to look at before it counts.
FUZZY = "fuzzy"
String = tuple[str | None, str | tuple[str, ...]]


@functools.cache
def wanted() -> Mapping[String, None]:
    """(context, string or its forms) of everything that people read, in the order of files."""
    found: dict[String, None] = {}
    for house in HOUSES:
        for path in sorted((BASE_DIR / house).rglob("*.py")):
            if "migrations" not in path.parts:
                found |= dict.fromkeys(_of_code(path.read_bytes()))
        for path in sorted((BASE_DIR / house).rglob("templates/**/*.html")):
            found |= dict.fromkeys(_of_template(path))
    found |= dict.fromkeys(_of_the_admin())
    found |= dict.fromkeys((None, text) for text in declared() if text)
    found.pop((None, ""), None)
    return found


_COMMENT = re.compile(r"{% comment\b[^%]*%}.*?{% endcomment %}|{#.*?#}", re.DOTALL)


# To take a file apart into words takes long, and most say nothing.
_SAYS = re.compile(rb"\b(?:%s)\s*\(" % b"|".join(each.encode() for each in KEYWORDS))


def _of_code(source: bytes) -> Iterator[String]:
    if not _SAYS.search(source):
        return
    for _, text, _, context in extract("python", io.BytesIO(source), keywords=KEYWORDS):
        yield context, text


def _of_template(path: Path) -> Iterator[String]:
    # Django's own reading of a template, as calls of gettext among letters that stand for the rest.
    # Without its comments: they would be Python's, and on one line those have no end.
    said = _COMMENT.sub("", path.read_text(encoding="utf-8"))
    calls = templatize(said, origin=str(path))
    # On one line: what is left of a template has no indentation that Python could read.
    yield from _of_code(re.sub(r"\s+", " ", calls).strip().encode())


def _of_the_admin() -> Iterator[String]:
    """What the admin that we dress ours with says, and Django does not: it brings no translations."""
    known = frozenset(_said_by_django(LANGUAGES[0]))
    root = Path(unfold.__file__).parent
    for path in sorted((*root.rglob("*.py"), *root.rglob("templates/**/*.html"))):
        if not _UNUSED.intersection(path.relative_to(root).parts):
            found = _of_code(path.read_bytes()) if path.suffix == ".py" else _of_template(path)
            for context, text in found:
                singular = text if isinstance(text, str) else text[0]
                if context is None and singular.strip() and singular not in known:
                    yield context, text


def _said_by_django(language: str) -> Iterator[str]:
    for folder in ("conf", "contrib/admin", "contrib/auth"):
        path = Path(django.__file__).parent / folder / "locale" / language / "LC_MESSAGES" / "django.mo"
        with path.open("rb") as file:
            for message in read_mo(file):
                yield message.id if isinstance(message.id, str) else message.id[0]


def declared() -> Iterator[str]:
    """Sentences that tables hold: refusals and what helps, permissions, what every school begins with, choices."""
    for kind in sorted(errors.declared_errors(), key=lambda each: each.code):
        speaks = kind.__module__.startswith(SPEAKING) and problem.status_of(kind)[0] < 500
        if speaks or kind.code in ON_BARE_PAGES:
            yield kind.sentence()
            # What speaks of the API helps nobody on a page, and is not shown there.
            if kind.remedy and "/api/" not in kind.remedy:
                yield kind.remedy
    for family in errors.FAMILIES:
        yield problem.STATUS[family][1]
    yield problem.status_of(errors.SchoolOpsError)[1]
    for permission in PERMISSIONS:
        yield permission.sentence
    for role in BUILTIN_ROLES:
        yield role.name
    for code in FIRST_CODES:
        yield code.name
    rooms()
    yield from (name.replace("_", " ") for name in AS_NAMED)
    yield from sorted(CHOICES)


def paths(language: str) -> tuple[Path, Path]:
    folder = LOCALE / language / "LC_MESSAGES"
    return folder / f"{DOMAIN}.po", folder / f"{DOMAIN}.mo"


def read(language: str) -> Catalog:
    po, _ = paths(language)
    if not po.exists():
        return Catalog(locale=language, domain=DOMAIN, fuzzy=False)
    with po.open("rb") as file:
        return read_po(file, locale=language, domain=DOMAIN, abort_invalid=True)


def merged(known: Catalog, language: str, strings: Mapping[String, None]) -> Catalog:
    """The catalogue of ``strings``, with the translations that are known.

    What is no longer said is kept aside with its translation, for the day it is said again.
    """
    made = Catalog(
        locale=language,
        domain=DOMAIN,
        fuzzy=False,
        project="SchoolOps",
        version="1",
        creation_date=_NEVER,
        revision_date=_NEVER,
    )
    made.mime_headers = [("Plural-Forms", PLURALS[language])]
    aside = {(message.context, message.id): message for message in known.obsolete.values()}
    for context, text in _in_place(known, strings):
        singular = text if isinstance(text, str) else text[0]
        old = known.get(singular, context=context)
        if old is None or old.id != text:
            old = aside.pop((context, text), None)
        flags = [flag for flag in (old.flags if old is not None else ()) if flag == FUZZY]
        made.add(text, old.string if old is not None else None, context=context, flags=flags)
    gone = [each for each in known if each.id and (each.context, each.id) not in strings]
    for message in sorted((*aside.values(), *gone), key=lambda each: str(each.id)):
        if message.string and all(message.string):
            kept = Message(message.id, message.string, context=message.context)
            made.obsolete[str((message.context, message.id))] = kept
    return made


def _in_place(known: Catalog, strings: Iterable[String]) -> list[String]:
    """``strings`` as they stand in ``known``, new ones after what they follow in the code: a moved file moves none."""
    wanted = dict.fromkeys(strings)
    placed = [key for each in known if each.id and (key := (each.context, each.id)) in wanted]
    there, follows = set(placed), 0
    for key in wanted:
        if key in there:
            follows = placed.index(key) + 1
        else:
            placed.insert(follows, key)
            follows += 1
    return placed


def untranslated(catalogue: Catalog) -> list[str]:
    """Strings without a translation, with one that nobody has looked at, or with other words in braces."""
    return [str(message.id) for message in catalogue if message.id and not _is_translated(message)]


_FILLED = re.compile(r"%\([a-z_]+\)[sd]|(?<!\{)\{[a-z_]+\}(?!\})")
# Without a name it must be there: Python fills in every one. A form without a figure says `%.0s`, which shows nothing.
_PLACED = re.compile(r"(?<!%)%(?:\.0)?[sd]")


def _is_translated(message: Any) -> bool:
    forms = message.string if isinstance(message.string, tuple) else (message.string,)
    ids = message.id if isinstance(message.id, tuple) else (message.id,)
    if FUZZY in message.flags or not all(forms):
        return False
    allowed = {filled for each in ids for filled in _FILLED.findall(each)}
    placed = len(_PLACED.findall(ids[0]))
    # One and two have words of their own in some languages, and need no figure.
    complete = len(ids) > 1 or set(_FILLED.findall(forms[0])) == allowed
    return complete and all(
        set(_FILLED.findall(form)) <= allowed and len(_PLACED.findall(form)) == placed for form in forms
    )


def written(catalogue: Catalog) -> tuple[bytes, bytes]:
    """The two files of a catalogue."""
    text, compiled = io.BytesIO(), io.BytesIO()
    write_po(text, catalogue, width=0, omit_header=False, sort_output=False)
    write_mo(compiled, catalogue)
    return text.getvalue(), compiled.getvalue()


def differences(language: str) -> list[str]:
    """What is to be done about the catalogue of ``language``, as sentences; none when it is complete."""
    strings = wanted()
    made = merged(read(language), language, strings)
    missing = untranslated(made)
    said = [f"{language}: no translation of {text!r}" for text in missing]
    stale = [path for path, content in zip(paths(language), written(made), strict=True) if _content(path) != content]
    return said + [f"{path.relative_to(BASE_DIR)} is behind: run `make messages`." for path in stale]


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def write(language: str) -> None:
    """Bring the catalogue of ``language`` up to the code: new strings without a translation, old ones gone."""
    made = merged(read(language), language, wanted())
    for path, content in zip(paths(language), written(made), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
