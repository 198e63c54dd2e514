"""Paper, read back: every script, either direction, the same bytes for the same data, and nothing taken for markup."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

import pytest
from pypdf import PdfReader

from schoolops import pdf
from schoolops.pdf import Column, Heading, Paper, engine, isolated

NAMES = ("Zoë Bergström", "ליאן", "आरव शर्मा", "Андрій Шевченко", "Ελένη", "ምሕረት", "Nguyễn Thị Hương")
PRINTED_AT = dt.datetime(2026, 11, 4, 8, tzinfo=dt.UTC)
LEFT_TO_RIGHT_RUNS = ("B+", "+44 20 7946 0000", "04/11/2026", "O7B-02", "7 (b)", "95.5 %", "Jr.)")


def _paper(language: str = "en", *, title: str = "Class list") -> Paper:
    return Paper(
        Heading(title, "Oak School", "4 November", "Page {page} of {of}"), language=language, printed_at=PRINTED_AT
    )


def _reader(content: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(content))


def _pages(content: bytes) -> list[str]:
    return [page.extract_text() for page in _reader(content).pages]


def _one_column(texts: Sequence[str], *, language: str = "en", share: float = 1) -> bytes:
    paper = _paper(language)
    paper.part()
    paper.rows([Column("Name", share), Column("Notes", 1)], [(text, "") for text in texts])
    return paper.as_bytes()


def _left_edges(content: bytes) -> dict[str, float]:
    places: dict[str, float] = {}

    def note(text: str, cm: list[float], tm: list[float], _font: Any, _size: Any) -> None:
        places.setdefault(text.strip(), cm[4] + tm[4])

    _reader(content).pages[0].extract_text(visitor_text=note)
    return places


def test_names_in_many_scripts_are_there() -> None:
    (text,) = _pages(_one_column(NAMES))
    for name in ("Zoë Bergström", "Андрій Шевченко", "Ελένη", "आरव शर्मा", "ምሕረት"):
        assert name in text, name


def test_a_right_to_left_page_begins_at_the_right() -> None:
    places = _left_edges(_one_column(["ليلى المنصوري"], language="ar"))
    school = next(x for text, x in places.items() if "Oak School" in text)
    day = next(x for text, x in places.items() if "4 November" in text)
    assert school > day


@pytest.mark.parametrize("run", LEFT_TO_RIGHT_RUNS)
@pytest.mark.parametrize("among", ["{}", "هاتف {} الأب", "{} الأب", "الأب {}"])
def test_a_code_a_number_or_a_date_reads_the_same_among_words_from_the_right(run: str, among: str) -> None:
    paper = _paper("ar")
    paper.part()
    paper.rows([Column("ملاحظات", 1)], [(among.format(paper.isolated(run)),)])
    assert run in _pages(paper.as_bytes())[0]


def test_without_its_isolation_a_grade_would_be_turned_round() -> None:
    paper = _paper("ar")
    paper.part()
    paper.note("الدرجة B+ ثم")
    assert "B+" not in _pages(paper.as_bytes())[0]


def test_a_line_of_two_directions_keeps_the_order_of_its_parts() -> None:
    paper = _paper()
    paper.part()
    parts = ("محمد علي آل الشيخ (Jr.)", "Father", pdf.unbroken("+966 55 123 4567"))
    paper.rows([Column("Whom to call", 1)], [(", ".join(map(paper.isolated, parts)),)])
    places = _left_edges(paper.as_bytes())
    father = next(x for text, x in places.items() if "Father" in text)
    phone = next(x for text, x in places.items() if pdf.unbroken("+966 55 123 4567") in text)
    name = min(x for text, x in places.items() if "Jr" in text)
    assert name < father <= phone


def test_marks_of_direction_in_a_name_do_not_turn_what_stands_around_it() -> None:
    assert isolated("Ana\N{RIGHT-TO-LEFT OVERRIDE}\N{RIGHT-TO-LEFT ISOLATE}", rtl=False) == "Ana"


def test_a_letter_that_no_font_has_is_a_sign_and_not_a_gap() -> None:
    assert "�� Sato" in _pages(_one_column(["明美 Sato"]))[0]
    assert pdf.uncovered("aع明") == ["明"]


def test_titles_are_repeated_on_every_page() -> None:
    paper = _paper()
    paper.part("7 B")
    paper.rows([Column("Name", 1)], [(f"Student {number}",) for number in range(100)])
    pages = _pages(paper.as_bytes())
    assert len(pages) > 2
    assert all("Name" in page and "Class list – 7 B" in page for page in pages)
    assert f"Page {len(pages)} of {len(pages)}" in pages[-1]


@pytest.mark.parametrize(
    "text",
    ["*bold* _it_ #panic()", '#read("/etc/passwd")', "$ x $ @ref <label> // no", "= Title", '\\ ` " {page}', "- a"],
)
def test_what_people_typed_is_never_markup(text: str) -> None:
    paper = _paper(title=text)
    paper.part(text)
    paper.note(text)
    paper.rows([Column(text, 1)], [(text,)])
    assert _pages(paper.as_bytes())[0].count(text) == 5


def test_a_word_longer_than_its_column_stays_inside_it() -> None:
    content = _one_column(["W" * 60], share=0.3)
    lines = [line for line in _pages(content)[0].replace("\u200b", "").splitlines() if set(line) == {"W"}]
    assert len(lines) > 2
    assert sum(map(len, lines)) == 60


def test_the_same_data_gives_the_same_bytes_and_other_data_others() -> None:
    first = _one_column(NAMES)
    _one_column(["Somebody else"])
    assert _one_column(NAMES) == first
    assert _one_column([*NAMES, "Ana"]) != first


def test_a_screen_reader_finds_language_title_heading_and_table() -> None:
    reader = _reader(_one_column(NAMES, language="ar"))
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "ar"
    assert root["/MarkInfo"]["/Marked"]
    assert reader.metadata is not None
    assert reader.metadata.title == "Class list – Oak School"
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()
    assert {"/H1", "/Table", "/TH", "/TD"} <= set(_kinds(root["/StructTreeRoot"]))


def _kinds(node: Any) -> list[str]:
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        return [kind for each in node for kind in _kinds(each)]
    if not hasattr(node, "get"):
        return []
    return [str(node.get("/S", "")), *_kinds(node.get("/K", []))]


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("الصف السابع B+", "B+"),
        ("محمد علي (Jr.)", "Jr."),
        ("مدرسة البلوط Oak School", "Oak School"),
        ("هاتف +44 20 7946 0000", "+44 20 7946 0000"),
    ],
)
def test_what_reads_from_the_left_inside_a_line_from_the_right_is_one_piece(text: str, whole: str) -> None:
    for rtl in (False, True):
        assert f"\N{LEFT-TO-RIGHT ISOLATE}{whole}\N{POP DIRECTIONAL ISOLATE}" in isolated(text, rtl=rtl)


def test_a_moment_between_two_seconds_is_as_good_as_any() -> None:
    between = PRINTED_AT.replace(microsecond=123_456)
    papers = [Paper(_paper().heading, language="en", printed_at=moment) for moment in (PRINTED_AT, between)]
    for paper in papers:
        paper.part()
    assert papers[0].as_bytes() == papers[1].as_bytes()


def test_a_template_reads_nothing_of_the_machine() -> None:
    with pytest.raises(RuntimeError, match="not found"):
        pdf.typeset(b'#read("/etc/hostname")', {}, dated=PRINTED_AT)


def test_no_template_of_ours_fetches_a_package() -> None:
    templates = sorted(engine.TEMPLATES.glob("*.typ"))
    assert templates
    assert [each.name for each in templates if "@preview" in each.read_text(encoding="utf-8")] == []


def test_a_template_of_an_app_finds_the_house_its_data_and_its_pictures() -> None:
    source = b'#import "house.typ": sheets\n#let data = json("data.json")\n#show: it => sheets(data, it)\n#data.words #data.n'  # noqa: E501
    house = {"name": "t", "author": "Oak", "pages": [None], "language": "en", "rtl": False}
    content = pdf.typeset(source, {**house, "words": "Well done", "n": 7}, dated=PRINTED_AT)
    assert "Well done 7" in _pages(content)[0]
