"""A reader who follows a link arrives, and every decision stands on the list of decisions."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from config.env import BASE_DIR

LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
DECISIONS = BASE_DIR / "docs" / "decisions"


def documents() -> list[Path]:
    return [*BASE_DIR.glob("*.md"), *(BASE_DIR / "docs").rglob("*.md")]


def test_every_link_inside_the_repository_arrives() -> None:
    links = [(document, target) for document in documents() for target in LINK.findall(document.read_text("utf-8"))]
    assert links, "the search itself is broken"
    lost = [f"{document.name}: {target}" for document, target in links if not (document.parent / target).exists()]
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
