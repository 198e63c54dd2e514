"""The source that the tests of this folder read."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from config.env import BASE_DIR

HOUSES = ("config", "apps", "schoolops")


def files(*houses: str) -> Iterator[Path]:
    """Every Python file of ``houses`` (default: all three), migrations left out, and ``manage.py``."""
    for house in houses or HOUSES:
        yield from (path for path in sorted((BASE_DIR / house).rglob("*.py")) if "migrations" not in path.parts)
    if not houses:
        yield BASE_DIR / "manage.py"


def parsed(paths: Iterable[Path], *words: str) -> Iterator[tuple[Path, ast.Module]]:
    """Those of ``paths`` in whose text one of ``words`` stands: to parse all of them takes seconds."""
    for path in paths:
        text = path.read_text(encoding="utf-8")
        if any(word in text for word in words):
            yield path, ast.parse(text)


def name_of(path: Path) -> str:
    """``apps/accounts/models.py``."""
    return path.relative_to(BASE_DIR).as_posix()
