"""A reader who follows a link arrives, and every decision stands on the list of decisions."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from django.core.management import get_commands

from config.env import BASE_DIR

CODE = re.compile(r"`([^`\n]+)`|^\$ (.+)$", re.MULTILINE)
TARGET = re.compile(r"\bmake ((?:[a-z]+-)*[a-z]+)(?![\w…-])")
MODULE = re.compile(r"python -m ((?:config|schoolops|tests|benchmarks)[a-z_.]*)")
COMMAND = re.compile(r"manage\.py ([a-z_]+)")
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
