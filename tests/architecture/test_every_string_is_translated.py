"""What people read is said in every language we speak, and the compiled catalogues are those of the sources."""

from __future__ import annotations

import ast
import re

import pytest
from django.utils import translation

from config import messages
from config.env import BASE_DIR
from config.management.commands.build_reference import import_declarations
from schoolops import problem
from schoolops.errors import declared_errors
from tests.architecture import source

ARABIC = re.compile("[\u0600-\u06ff]")


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_string_has_a_translation(language: str) -> None:
    assert not (found := messages.differences(language)), "\n".join(found) + "\nSee docs/how-to/translate.md"


def test_a_string_without_a_translation_is_found() -> None:
    made = messages.merged(messages.read("ar"), "ar", {(None, "Not said yet in any language."): None})
    assert messages.untranslated(made) == ["Not said yet in any language."]


@pytest.mark.parametrize(
    ("text", "translation"),
    [
        ("{name} is here.", "موجود هنا."),
        ("%(name)s is here.", "%(nome)s موجود هنا."),
        (("%(n)s student", "%(n)s students"), ("لا", "واحد", "اثنان", "%(x)s طلاب", "%(n)s طالبًا", "%(n)s طالب")),
        (("%d day", "%d days"), ("%d", "يوم", "%d", "%d", "%d", "%d")),
        ("Page %s of %s", "صفحة %s"),
    ],
)
def test_a_translation_that_fills_in_other_words_is_none(
    text: str | tuple[str, ...], translation: str | tuple[str, ...]
) -> None:
    made = messages.merged(messages.read("ar"), "ar", {(None, text): None})
    for message in made:
        if message.id:
            message.string = translation
    assert messages.untranslated(made) == [str(text)]


def test_templates_code_and_docstrings_are_all_read() -> None:
    strings = {text for _, text in messages.wanted()}
    assert {
        "My classes today",
        ("{n} student".replace("{n}", "%(n)s"), "%(n)s students"),
        "There is no school on {day}: {why}.",
        "Mark a roll",
        "Registrar",
    } <= strings


def test_every_refusal_that_a_page_can_show_is_said_in_arabic() -> None:
    import_declarations()
    shown = [
        kind for kind in declared_errors() if kind.__module__.startswith("apps.") and problem.status_of(kind)[0] < 500
    ]
    assert len(shown) > 100
    with translation.override("ar"):
        english = [
            text
            for kind in shown
            for text in (kind.sentence(), kind.remedy or "")
            if text and "/api/" not in text and not ARABIC.search(str(translation.gettext(text)))
        ]
    assert english == []


def test_what_a_service_says_of_a_field_is_a_sentence_that_can_be_translated() -> None:
    """Not put together from parts: its facts stand in braces, and the sentence in the catalogue."""
    collected = {text for _, text in messages.wanted()}
    lost = []
    for path, program in source.parsed(sorted((BASE_DIR / "apps").rglob("*.py")), "FieldError"):
        for call in ast.walk(program):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "FieldError":
                said = call.args[2] if len(call.args) > 2 else None
                if said is None or isinstance(said, ast.JoinedStr | ast.BinOp):
                    lost.append(f"{path}:{call.lineno}")
                elif isinstance(said, ast.Constant) and said.value not in collected:
                    lost.append(f"{path}:{call.lineno}: {said.value}")
    assert lost == []


def test_what_the_theme_of_the_admin_says_is_said_in_arabic() -> None:
    with translation.override("ar"):
        for text in ("Type to search", "Apply Filters", "Reset filters", "Go back", "No results found", "Select value"):
            assert ARABIC.search(translation.gettext(text)), text
