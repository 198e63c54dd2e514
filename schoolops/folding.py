"""One text, folded one way: what is compared, searched and put in order, whoever typed it on whatever keyboard.

Each rule stands twice, in Python and as a function of the database (``statements``), and a test holds the two equal
over all of Unicode. The functions are immutable by what they are made of: the tables are written out here, and
``normalize`` changes nothing that Unicode has assigned (Unicode Normalization Stability Policy). Indexes and stored
columns hold their results, so a function that has been released never changes: another one gets another name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from django.db.models import F, Func, GeneratedField, Q, TextField, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Contains

# Below what separates words, so that a whole name comes before one that goes on.
_BETWEEN_NAMES = "\x1f"
# Accents and vowel points of Latin, Greek, Cyrillic, Hebrew and Arabic, the joining stroke of Arabic, and what nobody
# sees. The signs of Indic scripts are letters of theirs and stay. Pairs of first and last.
_DROPPED = (
    "00AD 00AD 0300 036F 0483 0487 0591 05BD 05BF 05BF 05C1 05C2 05C4 05C5 05C7 05C7 0610 061A 061C 061C 0640 0640 "
    "064B 065F 0670 0670 06D6 06DC 06DF 06E4 06E7 06E8 06EA 06ED 180B 180E 1AB0 1AFF 1DC0 1DFF 200B 200F 202A 202E "
    "2060 2064 2066 206F 20D0 20FF FE00 FE0F FE20 FE2F FEFF FEFF FFF9 FFFB E0001 E01EF"
)
# Capitals and their small letters as Unicode 14 folds them, where neither is ASCII nor made of parts: first code point,
# how many, how far apart, and what is added.
_CASES = """
C6:32 D0:32 D8:32 DE:32 110:1 126:1 141:1 14A:1 152:1 166:1 181:210 182+2/2:1 186:206 187:1 189+2:205 18B:1
18E:79 18F:202 190:203 191:1 193:205 194:207 196:211 197:209 198:1 19C:211 19D:213 19F:214 1A2+2/2:1 1A6:218
1A7:1 1A9:218 1AC:1 1AE:218 1B1+2:217 1B3+2/2:1 1B7:219 1B8:1 1BC:1 1E4:1 1F6:-97 1F7:-56 21C:1 220:-130
222+2/2:1 23A:10795 23B:1 23D:-163 23E:10792 241:1 243:-195 244:69 245:71 246+5/2:1 370+2/2:1 376:1 37F:116
391+17:32 3A3+7:32 3C2:1 3CF:8 3D8+12/2:1 3F7:1 3FA:1 3FD+3:-130 402+5/2:80 405:80 409+2/2:80 40F:80
410+16/2:32 411+4/2:32 41B+11/2:32 460+11/2:1 478+5/2:1 48A+27/2:1 4C0:15 4C3+6/2:1 4D4:1 4D8:1 4E0:1 4E8:1
4F6:1 4FA+27/2:1 531+38:48 10A0+38:7264 10C7:7264 10CD:7264 13F8+6:-8 1C80:-6222 1C81:-6221 1C82:-6212
1C83+2:-6210 1C85:-6211 1C86:-6204 1C87:-6180 1C88:35267 1C90+43:-3008 1CBD+3:-3008 1E9E:-7615 1EFA+3/2:1 2132:28
2183:1 2C00+48:48 2C60:1 2C62:-10743 2C63:-3814 2C64:-10727 2C67+3/2:1 2C6D:-10780 2C6E:-10749 2C6F:-10783
2C70:-10782 2C72:1 2C75:1 2C7E+2:-10815 2C80+50/2:1 2CEB+2/2:1 2CF2:1 A640+23/2:1 A680+14/2:1 A722+7/2:1
A732+31/2:1 A779+2/2:1 A77D:-35332 A77E+5/2:1 A78D:-42280 A790+2/2:1 A796+10/2:1 A7AA:-42308
A7AB:-42319 A7AC:-42315 A7AD:-42305 A7AE:-42308 A7B0:-42258 A7B1:-42282 A7B2:-42261 A7B3:928 A7B4+8/2:1
A7C4:-48 A7C5:-42307 A7C6:-35384 A7C7+2/2:1 A7D0:1 A7D6+2/2:1 A7F5:1 AB70+80:-38864 10400+40:40 104B0+36:40
10570+19/2:39 10571+5/2:39 1057D+7/2:39 1058D+3/2:39 10595:39 10C80+51:64 118A0+32:32 16E40+32:32
1E900+34:34
"""
# Small letters that are another with a stroke or hook, or an Arabic letter as it is written elsewhere or at an end.
_LETTERS = (
    "D8:o F8:o D0:d F0:d 111:d 127:h 131:i 142:l 14B:n 167:t 180:b 19A:l 199:k 1B4:y 1DD:e 249:j 253:b 254:o 256:d "
    "257:d 259:e 25B:e 260:g 268:i 26B:l 272:n 289:u 671:627 649:64A 629:647 6A9:643 6AA:643 6CC:64A 6D2:64A 6BE:647 "
    "6C1:647 6D5:647"
)
_LONGER = {"ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"}
_APOSTROPHES = (
    "60 B4 2B9 2BB 2BC 2BD 2BE 2BF 2C8 2CA 2CB 559 55A 5F3 7F4 7F5 2018 2019 201A 201B 2032 2035 2039 203A 275B 275C "
    "2E32 2E41 A78B A78C"
)
_HYPHENS = "58A 5BE 1400 1806 2010 2012 2013 2014 2015 2043 2212 2E17 2E1A 2E3A 2E3B 2E40 2E5D 301C 3030 30A0 10EAD"
_SPACES = "85 1680 2028 2029"
# Every script's nought; the nine others follow it.
_NOUGHTS = (
    "660 6F0 7C0 966 9E6 A66 AE6 B66 BE6 C66 CE6 D66 DE6 E50 ED0 F20 1040 1090 17E0 1810 1946 19D0 1A80 1A90 1B50 1BB0 "
    "1C40 1C50 A620 A8D0 A900 A9D0 A9F0 AA50 ABF0 104A0 10D30 11066 110F0 11136 111D0 112F0 11450 114D0 11650 116C0 "
    "11730 118E0 11950 11C50 11D50 11DA0 16A60 16AC0 16B50 1E140 1E2F0 1E950"
)
_ASCII = str.maketrans(ascii_uppercase, ascii_lowercase)
# Where an accent stands on its own, taking it apart leaves a space: it is meant for an apostrophe.
_ACUTE = "\N{ACUTE ACCENT}"
# The database looks through its table for every character: those that names are made of stand in one of their own.
_COMMON_BELOW, _PUNCTUATION = 0x700, range(0x2010, 0x2040)


def _codes(said: str) -> list[int]:
    return [int(each, 16) for each in said.split()]


def _cases() -> Iterator[tuple[int, int]]:
    for run in _CASES.split():
        place, _, added = run.partition(":")
        first, _, rest = place.partition("+")
        count, _, step = rest.partition("/")
        for number in range(int(count or 1)):
            code = int(first, 16) + number * int(step or 1)
            yield code, code + int(added)


@cache
def _table() -> dict[int, str]:
    """What each code point becomes once it has been taken apart; those that stay are not in it."""
    letters = {}
    for pair in _LETTERS.split():
        code, _, base = pair.partition(":")
        letters[int(code, 16)] = base if len(base) == 1 else chr(int(base, 16))
    table = {code: letters.get(small, chr(small)) for code, small in _cases()} | letters
    table |= {nought + digit: str(digit) for nought in _codes(_NOUGHTS) for digit in range(10)}
    for codes, base in ((_APOSTROPHES, "'"), (_HYPHENS, "-"), (_SPACES, " ")):
        table |= dict.fromkeys(_codes(codes), base)
    return table


@cache
def _dropped() -> re.Pattern[str]:
    return re.compile(f"[{_ranges('')}]")


def _ranges(escape: str) -> str:
    """``_DROPPED`` as the inside of a bracket, characters as they are or as PostgreSQL escapes them."""
    ends = [f"\\U{code:08X}" if escape else chr(code) for code in _codes(_DROPPED)]
    return "".join(f"{first}-{last}" for first, last in zip(ends[::2], ends[1::2], strict=True))


def fold(said: str) -> str:
    """``said`` as it is compared: without case, accents, width and unseen marks, digits of any script as 0 to 9.

    Apostrophes are ``'``, hyphens and dashes ``-``, space is one space between words.
    """
    if said.isascii():
        said = said.lower()
    else:
        said = unicodedata.normalize("NFKD", said.replace(_ACUTE, "'"))
        # Of the rest only ASCII has capitals: Python would go on to change the case of Cherokee.
        said = _dropped().sub("", said).translate(_table()).translate(_ASCII)
        for letter, longer in _LONGER.items():
            said = said.replace(letter, longer)
    return re.sub("[\t-\r ]+", " ", said.replace("`", "'")).strip(" ")


def composed(said: str) -> str:
    """``said`` with each accent in its letter (NFC), as doors take text in: so it has one length, whoever typed it."""
    return said if said.isascii() else unicodedata.normalize("NFC", said)


def squeezed(said: str) -> str:
    """``said`` folded and without spaces: “7 B” is “7b”."""
    return fold(said).replace(" ", "")


def searched(said: str) -> str:
    """``said`` as search looks at it: folded, and O’Brien as obrien."""
    return fold(said).replace("'", "")


def digits(phone: str) -> str:
    """The digits of a phone number, without the nought in brackets that only callers from inside dial."""
    return re.sub("[^0-9]", "", fold(phone).replace("(0)", ""))


def name_key(family: str, given: str) -> str:
    """Where somebody stands among others: by family name, then given; who has one name stands at that.

    Word by word, as folded: de Vries at D, Öberg at O, whatever stands in a family name counts. To be compared by code
    points.
    """
    both = f"{family}{_BETWEEN_NAMES}{given}" if family else given
    return fold(both).replace("-", " ").replace("'", "")


def statements() -> Iterator[str]:
    """The same as functions of the database, in the schema ``extensions``, for every school."""
    table = {chr(code): base for code, base in _table().items()}
    common = {each: base for each, base in table.items() if ord(each) < _COMMON_BELOW or ord(each) in _PUNCTUATION}
    rare = {each: base for each, base in table.items() if each not in common}
    longer = "\n".join(f"    said := replace(said, '{each}', '{more}');" for each, more in _LONGER.items())
    yield f"""
CREATE OR REPLACE FUNCTION extensions.fold(said text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $fold$
BEGIN
  IF octet_length(said) <> length(said) THEN
    said := normalize(replace(said, '{_ACUTE}', ''''), NFKD);
    said := regexp_replace(said, '[{_ranges("U")}]', '', 'g');
    said := translate(said, {_literal(common)}, {_literal(common.values())});
    IF said ~ '[\\u0700-\\u200F\\u2040-\\U0010FFFF]' THEN
      said := translate(said, {_literal(rare)}, {_literal(rare.values())});
    END IF;
{longer}
  END IF;
  said := lower(replace(said, '`', '''') COLLATE "C");
  RETURN btrim(regexp_replace(said, '[\\t-\\r ]+', ' ', 'g'), ' ');
END $fold$"""
    yield """
CREATE OR REPLACE FUNCTION extensions.searched(said text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $searched$
BEGIN
  RETURN pg_catalog.replace(extensions.fold(said), '''', '');
END $searched$"""
    yield """
CREATE OR REPLACE FUNCTION extensions.digits(phone text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $digits$
BEGIN
  IF phone = '' THEN RETURN ''; END IF;
  RETURN pg_catalog.regexp_replace(pg_catalog.replace(extensions.fold(phone), '(0)', ''), '[^0-9]', '', 'g');
END $digits$"""
    yield f"""
CREATE OR REPLACE FUNCTION extensions.name_key(family text, given text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $name_key$
BEGIN
  IF family <> '' THEN given := family || '{_BETWEEN_NAMES}' || given; END IF;
  RETURN pg_catalog.translate(extensions.fold(given), '-''', ' ');
END $name_key$"""


def _literal(characters: Any) -> str:
    return "'" + "".join(characters).replace("'", "''") + "'"


class Fold(Func):
    """``fold`` of a column."""

    function = "extensions.fold"
    arity = 1
    output_field = TextField()


class Searched(Func):
    """``searched`` of several columns, with spaces between them."""

    function = "extensions.searched"
    arg_joiner = " || ' ' || "
    output_field = TextField()


class Digits(Func):
    """``digits`` of a column."""

    function = "extensions.digits"
    arity = 1
    output_field = TextField()


class NameKey(Func):
    """``name_key`` of the columns of a family and a given name."""

    function = "extensions.name_key"
    template = '%(function)s(%(expressions)s) COLLATE "C"'
    arity = 2
    output_field = TextField()


def stored(expression: Func) -> GeneratedField:
    """A column that the database fills with ``expression``, whoever writes; its order is that of code points."""
    return GeneratedField(expression=expression, output_field=TextField(db_collation="C"), db_persist=True)


def words_of(said: str) -> list[str]:
    """The words to look for; names that a hyphen joins are two, numbers with a hyphen are one."""
    return re.sub(r"(?<=[^\W\d])-(?=[^\W\d])", " ", searched(said)).split()


class _Joined(Func):
    """Several texts with spaces between them."""

    template = "(%(expressions)s)"
    arg_joiner = " || ' ' || "
    output_field = TextField()


def holding(said: str, *columns: str) -> Q:
    """Rows of which ``columns`` (ORM paths) together hold every word of ``said``.

    Those called ``searched`` are read as they are stored, all others folded row by row.
    """
    there = [Coalesce(F(column), Value(""), output_field=TextField()) for column in columns]
    folded = [text if path.endswith("searched") else Searched(text) for path, text in zip(columns, there, strict=True)]
    return in_column(_Joined(*folded), said)


def in_column(column: Any, said: str) -> Q:
    """Rows of which ``column``, which holds text as ``searched`` makes it, holds every word of ``said``."""
    return in_column_each(column, words_of(said))


def in_column_each(column: Any, words: Iterable[Any]) -> Q:
    """The same of words that are folded already, or of the parameters that say them."""
    found = Q()
    for word in words:
        found &= Q(Contains(column, word))
    return found


def with_phones(said: str) -> str:
    """``said`` with each phone number as ``digits``, without the noughts before it that only some write."""
    words: list[str] = []
    number = ""
    for word in [*searched(said).split(), ""]:
        if re.fullmatch(r"[0-9+()./-]+", word):
            number += word
            continue
        if found := digits(number).lstrip("0"):
            words.append(found)
        number = ""
        words.append(word)
    return " ".join(words).strip()
