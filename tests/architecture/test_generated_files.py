"""The reference says what the code says, whole and in a form that Markdown can show."""

from __future__ import annotations

import pytest

from config.env import BASE_DIR, VARIABLES, example
from config.management.commands.build_reference import import_declarations, written
from schoolops.reference import Table


def test_the_example_environment_names_every_variable_with_its_default() -> None:
    text = (BASE_DIR / ".env.example").read_text(encoding="utf-8")
    assert text == example(), "run `make docs`"
    for variable in VARIABLES:
        assert f"\n# {variable.name}={variable.default}\n" in text


@pytest.mark.parametrize("page", ["errors", "environment", "indexes"])
def test_there_is_a_page_for_each_registry(page: str) -> None:
    import_declarations()
    (text,) = (text for path, text in written().items() if path.stem == page)
    assert text.count("\n| ") > 3


def test_a_cell_cannot_break_its_table() -> None:
    table = Table(
        name="marks",
        title="Marks",
        introduction="How a pupil is marked.",
        columns=("Mark", "Meaning"),
        rows=lambda: [("P|L", "present,\nbut late")],
    )
    assert table.page().splitlines()[-3:] == ["| Mark | Meaning |", "| --- | --- |", r"| P\|L | present, but late |"]
