"""README shows what is there: its pictures are made from the pages as they are now."""

from __future__ import annotations

import json

import pytest

from config.env import BASE_DIR
from tests.browser import pictures


@pytest.mark.proof
def test_the_pictures_of_readme_are_made_from_the_pages_as_they_are() -> None:
    told = json.loads(pictures.MADE_FROM.read_text())
    stale = [file for file, (_, folders) in pictures.README.items() if told.get(file) != pictures.made_from(folders)]
    assert stale == [], "make pictures ARGS=--readme"


def test_every_picture_of_readme_is_one_that_can_be_made_anew() -> None:
    readme = (BASE_DIR / "README.md").read_text()
    assert all(f"docs/pictures/{file}" in readme for file in pictures.README)
    assert all((pictures.SHOWN / file).stat().st_size < 150_000 for file in pictures.README)
