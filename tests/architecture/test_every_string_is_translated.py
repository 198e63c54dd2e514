"""What people read is said in every language we speak, and the compiled catalogues are those of the sources."""

from __future__ import annotations

import pytest

from config import messages


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
