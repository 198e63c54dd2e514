"""What is typed on one keyboard finds what was typed on another, in Python and in the database alike."""

from __future__ import annotations

import hashlib
import itertools
import sys
import unicodedata
from functools import cache

import pytest
from django.db import connection

from schoolops import folding
from schoolops.tenancy.models import School

# In whichever way it is typed: the first is how it is stored.
ALIKE = (
    ("Dvořák", "Dvorak", "DVOŘÁK", "dvor\N{COMBINING CARON}a\N{COMBINING ACUTE ACCENT}k"),
    ("João", "Joao", "joa\N{COMBINING TILDE}o"),
    ("Öztürk", "Ozturk", "O\N{COMBINING DIAERESIS}ztu\N{COMBINING DIAERESIS}rk"),
    ("Łucja", "Lucja", "ŁUCJA"),
    ("Groß", "Gross", "GROẞ", "GROSS"),
    ("İpek Yıldız", "ipek yildiz", "IPEK YILDIZ", "ıpek yıldız"),
    ("Ægir Þór", "aegir thor"),
    ("Nguyễn Đức", "nguyen duc"),
    ("ﬁtz", "fitz", "ＦＩＴＺ"),
    ("O’Brien", "O'Brien", "O`Brien", "O´Brien", "OʼBrien", "O‘Brien", "O＇Brien", "O′Brien"),
    ("Anne-Marie", "Anne‐Marie", "Anne‑Marie", "anne–marie", "ANNE－MARIE"),
    ("O7B01", "O٧B٠١", "o۷b۰۱", "Ｏ７Ｂ０１", "O७B०१"),
    ("أحمد الهُدى", "احمد الهدي", "أحـمد الهدى"),
    ("علی‌رضا", "عليرضا"),
    ("Ёлкин", "ЕЛКИН"),
    ("Σίσυφος", "ΣΙΣΥΦΟΣ", "σισυφοσ"),
    (
        "Ana María",
        "  ana \t maria ",
        "Ana\N{NO-BREAK SPACE}María",
        "Ana\N{ZERO WIDTH SPACE} María",
        "\u200fAna María\u202c",
    ),
)
APART = (("कि", "कु"), ("が", "か"), ("A-1", "A1"), ("A 1", "A1"), ("李", "王"), ("Bo", "Bob"))


def in_the_database(call: str, *columns: list[str]) -> list[str]:
    arrays = ", ".join("%s::text[]" for _ in columns)
    names = [f"x{number}" for number in range(len(columns))]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {call.format(*names)} FROM unnest({arrays}) WITH ORDINALITY AS said({', '.join(names)}, place)"
            " ORDER BY place",
            list(columns),
        )
        return [found for (found,) in cursor.fetchall()]


# Of these, which are as many as all others together ten times, every hundredth.
MANY_ALIKE = (
    "CJK ",
    "HANGUL SYLLABLE",
    "TANGUT",
    "YI SYLLABLE",
    "EGYPTIAN",
    "CUNEIFORM",
    "ANATOLIAN",
    "BAMUM",
    "NUSHU",
)


@cache
def every_character() -> tuple[str, ...]:
    """All that Unicode had assigned when Python was built, but what cannot be stored."""
    each = (chr(code) for code in range(1, sys.maxunicode + 1))
    return tuple(
        one
        for one in each
        if unicodedata.category(one) not in {"Cn", "Cs", "Co"}
        and (ord(one) % 100 == 0 or not unicodedata.name(one, "").startswith(MANY_ALIKE))
    )


@pytest.mark.parametrize("alike", ALIKE, ids=lambda alike: alike[0])
def test_what_is_one_text_to_a_person_is_folded_to_one(alike: tuple[str, ...]) -> None:
    assert len({folding.fold(each) for each in alike}) == 1


@pytest.mark.parametrize(("one", "other"), APART)
def test_what_is_two_to_a_person_stays_two(one: str, other: str) -> None:
    assert folding.fold(one) != folding.fold(other)


def test_the_database_folds_every_character_as_python_does(in_oak: School) -> None:
    said = [f"a{each} {each}Z" for each in every_character()]
    ours = [folding.fold(each) for each in said]
    theirs = in_the_database("extensions.fold({})", said)
    assert [pair for pair in zip(said, ours, theirs, strict=True) if pair[1] != pair[2]] == []


def test_what_is_made_of_it_is_the_same_in_the_database(in_oak: School) -> None:
    said = [*itertools.chain(*ALIKE, *APART), "", " ", "+49 (0)170 123-4567", "٠١٧٠", "-'-", "  O’Neil - Śmith  "]
    assert in_the_database("extensions.searched({})", said) == [folding.searched(each) for each in said]
    assert in_the_database("extensions.digits({})", said) == [folding.digits(each) for each in said]
    keys = [folding.name_key(*each) for each in zip(said, reversed(said), strict=True)]
    assert in_the_database("extensions.name_key({}, {})", said, said[::-1]) == keys


def test_folding_twice_is_folding_once_and_case_makes_no_difference() -> None:
    for each in every_character():
        once = folding.fold(each)
        assert folding.fold(once) == once, hex(ord(each))
        # An iota that is written below is a letter of its own in capitals.
        cases = [said for said in (each.upper(), each.lower(), each.casefold()) if len(said) == 1 and each.isalpha()]
        assert {folding.fold(said) for said in cases} <= {once}, each


def test_digits_of_every_script_are_digits() -> None:
    for each in every_character():
        if unicodedata.category(each) == "Nd":
            assert folding.fold(each) == str(unicodedata.digit(each)), hex(ord(each))


def test_what_has_been_released_folds_as_it_did() -> None:
    """Indexes hold what it made: another rule is a function of another name."""
    released = "".join(folding.statements())
    assert (
        hashlib.sha256(released.encode()).hexdigest()
        == "7549f895c8d2b290e98f6b301159cde23aca247ff804cc647e70dc7298271224"
    )


@pytest.mark.parametrize("typed", ["+49 (0)170 123-4567", "0170/1234567", "٠١٧٠ ١٢٣٤٥٦٧", "170.123", "Anna 0170 12 34"])
@pytest.mark.parametrize("stored", ["0170 1234567", "+49 (170) 123 45-67", "+٤٩ (0) 170/1234567"])
def test_a_phone_is_found_by_its_digits(typed: str, stored: str) -> None:
    said = f"anna {folding.digits(stored)}"
    assert all(word.removeprefix("49") in said for word in folding.words_of(folding.with_phones(typed)))
