"""A service that counts refusals row by row lets an outage pass: what is away is said of no row and of nobody."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import apps

SERVICES = sorted(
    file
    for file in Path(apps.__path__[0]).glob("*/services/**/*.py")
    # Reads cells, and asks nobody for anything.
    if file.name != "cells.py"
)


def _names(handler: ast.ExceptHandler) -> set[str]:
    return {each.id for each in ast.walk(handler.type) if isinstance(each, ast.Name)} if handler.type else set()


@pytest.mark.parametrize("file", SERVICES, ids=lambda file: "/".join(file.parts[-3:]))
def test_who_catches_every_refusal_has_let_outages_pass_before(file: Path) -> None:
    for attempt in (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Try)):
        passed: set[str] = set()
        for handler in attempt.handlers:
            if "SchoolOpsError" in _names(handler):
                assert "Unavailable" in passed, f"{file.name}:{handler.lineno} takes an outage for a refusal"
            if any(isinstance(node, ast.Raise) and node.exc is None for node in handler.body):
                passed |= _names(handler)
