"""README shows what is there: its pictures are made from the pages as they are now."""

from __future__ import annotations

import json
import re

from config.env import BASE_DIR
from tests.browser import pictures


def test_the_pictures_of_readme_are_made_from_the_pages_as_they_are() -> None:
    told = json.loads(pictures.MADE_FROM.read_text())
    made = {file: pictures.made_from(templates, what[2]) for file, (what, templates) in pictures.README.items()}
    assert told == made, "make pictures"


def test_every_picture_of_readme_can_be_made_anew_and_is_small() -> None:
    shown = set(re.findall(r"docs/pictures/([\w-]+\.png)", (BASE_DIR / "README.md").read_text()))
    assert shown == set(pictures.README)
    assert all((pictures.SHOWN / file).stat().st_size < 150_000 for file in shown)


def test_a_picture_is_made_from_every_template_below_its_own_and_from_words() -> None:
    here = pictures.made_from(("family/home.html",), "en")
    assert here != pictures.made_from(("family/home.html",), "ar")
    assert here != pictures.made_from(("family/child.html",), "en")
