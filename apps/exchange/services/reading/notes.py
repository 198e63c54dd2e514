"""What is said of a file that was read leniently: a sentence and what fills its braces, for a page to word."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_noop

Note = dict[str, Any]

UNREAD = gettext_noop("{name}: the columns {columns} were not read.")
UNREAD_FILES = gettext_noop("Not read: {names}.")
LAYOUT = gettext_noop("This is {layout}. Taken from it: {names}.")
READ_AS = gettext_noop("{name}: {header} was read as {column}.")
NO_MANIFEST = gettext_noop(
    "The bundle has no manifest.csv: its files were taken for OneRoster {version}, each in full."
)
ABSENT = gettext_noop("{name} is there, but the manifest says it is absent: it was not read.")
FOLDER = gettext_noop("The files were read from the folder {folder}.")
NO_ORGS = gettext_noop("The bundle does not say what its schools are: {org} was taken for the campus of this school.")
NO_YEAR = gettext_noop("The bundle names no school year for some terms: they belong to the year that holds them.")
WINDOWS = gettext_noop("{name} is no UTF-8: it was read as Windows-1252, which its letters say plainly.")
UTF_16 = gettext_noop("{name} is UTF-16, and was read so.")
OLD_MAC = gettext_noop("{name} ends its lines as old Macs did, and was read so.")
SEPARATOR = gettext_noop("{name} says in its first line what parts its columns: {separator}")
SHEET = gettext_noop("Of several sheets, {sheet} was read.")
ORDER = gettext_noop("Days were read as {order}/Y, as the plain ones among them are written.")
ORDER_SAID = gettext_noop("Days were read as {order}/Y, as was said of such files here.")
ORDER_ASKED = gettext_noop("No day of the file says whether days or months come first: say it, and it is read again.")
SHORT_YEARS = gettext_noop(
    "Years of two digits: of a birth the last such year until today, of other days until twenty years from now."
)
FROM_1904 = gettext_noop("The workbook counts its days from 1904, and was read so.")
ONE_NAME = gettext_noop(
    "Names of one column were parted: what stands before a comma, else the last word, is the family name."
)


def in_one_order(found: set[str], said: str) -> tuple[str, list[Note]]:
    """The order in which the days of a file are written (empty: each by itself), and what is said of it.

    ``found``: what ``cells.order_of`` says of each; ``said``: what somebody said, for where the file is silent.
    """
    plain = found & {"D/M", "M/D"}
    if len(plain) == 1:
        order = next(iter(plain))
        return order, [note(ORDER, order=order)]
    if plain or "?" not in found:
        return "", []
    return said, [note(ORDER_SAID, order=said) if said else note(ORDER_ASKED)]


def note(said: str, **facts: str) -> Note:
    """``message`` is the sentence in English."""
    return {"message": said.format(**facts), "said": said, "facts": facts}
