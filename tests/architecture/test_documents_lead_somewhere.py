"""A reader who follows a link arrives, and every decision stands on the list of decisions."""

from __future__ import annotations

import argparse
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, get_commands, load_command_class

from config.env import BASE_DIR

CODE = re.compile(r"`([^`\n]+)`|^\$ (.+)$", re.MULTILINE)
TARGET = re.compile(r"\bmake ((?:[a-z]+-)*[a-z]+)(?![\w…-])")
MODULE = re.compile(r"python -m ((?:config|schoolops|tests|benchmarks)[a-z_.]*)")
COMMAND = re.compile(r"manage\.py ([a-z_]+)")
# Whole: in a span, or on a line of its own, with or without the prompt.
RUN = re.compile(r"`([^`\n]+)`|^(?:\$ )?((?:\S+=\S+ )?(?:\S+/python )?manage\.py .+)$", re.MULTILINE)
OUR_COMMANDS = {path.stem for path in BASE_DIR.glob("*/**/management/commands/[a-z]*.py")}
# What a reader puts in the place of a word in capitals.
FILLED_IN = {"ID": "4711", "RUN": "3", "DAY": "2026-11-30", "QUEUE": "notifications"}
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
DECISIONS = BASE_DIR / "docs" / "decisions"


def documents() -> list[Path]:
    return [*BASE_DIR.glob("*.md"), *(BASE_DIR / "docs").rglob("*.md")]


def test_every_link_inside_the_repository_arrives() -> None:
    links = [(document, target) for document in documents() for target in LINK.findall(document.read_text("utf-8"))]
    assert links, "the search itself is broken"
    lost = [f"{document.name}: {target}" for document, target in links if not (document.parent / target).exists()]
    assert lost == []


def named_by(pattern: re.Pattern[str]) -> set[str]:
    """What stands in the code of documents; what has changed may speak of what there was."""
    texts = [document.read_text("utf-8") for document in documents() if document.name != "CHANGELOG.md"]
    return {name for text in texts for code in CODE.findall(text) for name in pattern.findall("".join(code))}


def test_every_command_that_a_reader_is_told_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (BASE_DIR / "Makefile").read_text("utf-8"), re.MULTILINE))
    commands = {path.stem for path in BASE_DIR.glob("*/**/management/commands/*.py")} | set(get_commands())
    modules = {name: BASE_DIR.joinpath(*name.split(".")) for name in named_by(MODULE)}
    assert (len(named_by(TARGET)), len(named_by(COMMAND)), len(modules)) > (20, 20, 5), "the search itself is broken"
    assert named_by(TARGET) - targets == set()
    assert named_by(COMMAND) - commands == set()
    lost = [name for name, path in modules.items() if not (path.with_suffix(".py").exists() or path.is_dir())]
    assert lost == []


def told_to_run(text: str, *, by_name: bool) -> Iterator[tuple[str, list[str]]]:
    """(command, its arguments) of what is to be typed as it stands; ``by_name``: also where it begins with its name."""
    whole = re.sub(r"\\\n\s*", "", text).replace('"…"', "why")
    for found in RUN.findall(whole):
        for code in "".join(found).split(" && "):
            _before, called, after = code.rpartition("manage.py ")
            first = after.partition(" ")[0]
            if "…" in code or not (called or (by_name and first in OUR_COMMANDS)):
                continue
            name, *words = shlex.split(after, comments=True)
            if words:
                yield name, [FILLED_IN.get(word, word) for word in words]


def refusal(name: str, words: list[str]) -> str:
    """Why the command does not take these arguments; nothing where it does, or where only its act is named."""
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    acts = [each.choices for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    if len(words) == 1 and any(words[0] in choices for choices in acts):
        return ""
    try:
        parser.parse_args(words)
    except CommandError as refused:
        return f"{name} {shlex.join(words)}: {refused}"
    return ""


def test_every_command_is_told_with_arguments_that_it_takes() -> None:
    # The others speak about commands, and name them.
    typed_in = {BASE_DIR / "docs/how-to", BASE_DIR / "docs/runbooks"}
    told = [
        (document.name, name, words)
        for document in documents()
        if document.name != "CHANGELOG.md"
        for name, words in told_to_run(document.read_text("utf-8"), by_name=document.parent in typed_in)
    ]
    assert len(told) > 60, "the search itself is broken"
    assert [f"{document}: {why}" for document, name, words in told if (why := refusal(name, words))] == []


@pytest.mark.parametrize(
    "wrong",
    [
        "`delete_school oak-before`",
        "$ CELL=north manage.py school diff oak",
        "manage.py indexes apply --quiet && manage.py indexes verify",
        "$ .venv/bin/python manage.py suspend_school oak \\\n    --because unpaid",
    ],
)
def test_a_command_told_with_arguments_that_it_does_not_take_is_found(wrong: str) -> None:
    assert any(refusal(name, words) for name, words in told_to_run(wrong, by_name=True))


def test_every_decision_is_on_the_list() -> None:
    listed = set(LINK.findall((DECISIONS / "README.md").read_text("utf-8")))
    assert {path.name for path in DECISIONS.glob("[0-9]*.md")} == listed


def test_every_decision_names_its_price() -> None:
    free = [path.name for path in DECISIONS.glob("[0-9]*.md") if "\n## Price\n" not in path.read_text("utf-8")]
    assert free == []


def test_the_picture_shows_every_room_of_the_contracts() -> None:
    contracts = tomllib.loads((BASE_DIR / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    rooms = {
        name for contract in contracts for layer in contract.get("layers", ()) for name in re.findall(r"[a-z_]+", layer)
    }
    picture = (BASE_DIR / "docs" / "architecture.md").read_text("utf-8").split("```")[1]
    assert {room for room in rooms if not re.search(rf"\b{room}\b", picture)} == set()
