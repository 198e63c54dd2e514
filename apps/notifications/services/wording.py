"""From a template and what is so to what is handed over. Placeholders are names in braces, and nothing more."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils import translation
from django.utils.formats import date_format, time_format
from django.utils.html import escape
from django.utils.translation import gettext, gettext_noop

from apps.notifications.models import LONGEST_SUBJECT, Channel, MessageTemplate
from apps.notifications.services.facts import Amount, Fact, Told, Value
from schoolops import money

# Unicode's categories Cc, but for the newline, and Cs.
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_NAMED = re.compile(r"\{([a-z_]{1,40})\}")
_AND = gettext_noop("{these} and {last}")
# Three texts at most: what is longer is cut, since each part costs.
LONGEST_TEXT_MESSAGE = 459


@dataclass(frozen=True, slots=True)
class Wording:
    """A template: of a school, or of the release."""

    subject: str
    text: str


def placeholders_in(template: str) -> set[str]:
    """The names that stand in braces."""
    return set(_NAMED.findall(template))


def stray_braces(template: str) -> bool:
    """Whether there is a brace that belongs to no placeholder."""
    rest = _NAMED.sub("", template)
    return "{" in rest or "}" in rest


def default(fact: Fact, channel: Channel, language: str) -> Wording:
    """How the release words it."""
    with translation.override(language):
        if channel == Channel.SMS:
            return Wording("", gettext(fact.short))
        return Wording(gettext(fact.subject), gettext(fact.text))


def wordings(codes: Iterable[str]) -> Mapping[tuple[str, str, str], Wording]:
    """What a school has worded itself, by fact, channel and language. One query."""
    rows = MessageTemplate.objects.filter(fact__in=codes)
    return {(row.fact, row.channel, row.language): Wording(row.subject, row.text) for row in rows}


def joined(names: Iterable[str]) -> str:
    """“Ali, Bea and Carl”, in the current language; each once, in their order."""
    told = list(dict.fromkeys(names))
    if len(told) < 2:
        return "".join(told)
    separator = "، " if translation.get_language() == "ar" else ", "
    return gettext(_AND).format(these=separator.join(told[:-1]), last=told[-1])


def worded(wording: Wording, told: Told) -> Wording:
    """The wording with what is told in its placeholders, in the current language. A value is never looked at again."""

    def filled(template: str) -> str:
        return _NAMED.sub(lambda found: written(told[found[1]]) if found[1] in told else "", template)

    return Wording(one_line(filled(wording.subject))[:LONGEST_SUBJECT], without_controls(filled(wording.text)))


def written(value: Value) -> str:
    """A value as the reader of the current language writes it."""
    match value:
        case Amount():
            return money.printed(value.amount, value.currency)
        case dt.datetime():
            return date_format(value, "SHORT_DATETIME_FORMAT")
        case dt.date():
            return date_format(value, "DATE_FORMAT")
        case dt.time():
            return time_format(value, "TIME_FORMAT")
        case _:
            return str(value)


def without_controls(text: str) -> str:
    """``text`` without characters that are no text, its lines kept apart by one newline each."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return _CONTROLS.sub("", lines)


def one_line(text: str) -> str:
    """``text`` for a header: without line breaks, whatever stood for one."""
    return " ".join(without_controls(text).split())


def as_html(text: str, language: str, *, link: str = "") -> str:
    """The same text for a reader of HTML: escaped, paragraphs kept, and ``link``, which is ours, to be followed."""
    direction = "rtl" if translation.get_language_info(language)["bidi"] else "ltr"
    said = str(escape(text.strip()))
    if link:
        said = said.replace(escape(link), f'<a href="{escape(link)}">{escape(link)}</a>')
    body = "".join(f"<p>{each}</p>" for each in said.replace("\n\n", "</p><p>").replace("\n", "<br>").split("</p><p>"))
    return f'<!doctype html><html lang="{escape(language)}" dir="{direction}"><body>{body}</body></html>'


def as_text_message(text: str) -> str:
    """The text as it goes by SMS: at most three parts long."""
    said = without_controls(text).strip()
    return said if len(said) <= LONGEST_TEXT_MESSAGE else said[: LONGEST_TEXT_MESSAGE - 1] + "…"
