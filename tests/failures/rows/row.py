"""What a row of the matrix is, and what several of them say."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from config.env import BASE_DIR
from tests.failures.stage import Journal, Scene
from tests.observe.stage import Failed

Seen = tuple[str, float]
Lacks = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Row:
    """``play`` brings the failure about and says what was seen and the slowest answer in seconds; ``lacks``: what this
    machine has not that it takes; empty: nothing."""

    name: str
    play: Callable[[Scene], Seen]
    lacks: Lacks


ROWS: list[Row] = []


def nothing() -> str:
    return ""


def root() -> str:
    return "root" if os.geteuid() else ""


def history() -> str:
    """A clone without history (or a shallow one) does not have the code of the last release."""
    return "" if _is_whole() and release() else "the history of this repository, with its last release"


def release() -> str:
    """The commit of the last release: it is what wrote its migrations down."""
    return _git("log", "-1", "--format=%H", "--", "config/migrations.txt")


def _is_whole() -> bool:
    """In a shallow clone every file seems to be written by the first commit that it has, which may be this one."""
    return _git("rev-parse", "--is-shallow-repository") == "false"


def _git(*asked: str) -> str:
    done = subprocess.run(["git", *asked], cwd=BASE_DIR, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def row(name: str, *, lacks: Lacks = nothing) -> Callable[[Callable[[Scene], Seen]], Callable[[Scene], Seen]]:
    def register(play: Callable[[Scene], Seen]) -> Callable[[Scene], Seen]:
        ROWS.append(Row(name, play, lacks))
        return play

    return register


def must(holds: object, what: str) -> None:
    if not holds:
        raise Failed(f"not so: {what}")


def unavailable(journal: Journal) -> None:
    """Whoever could not be served was told so, and to come again."""
    must({each.status for each in journal.said} <= {201, 503}, f"201 or 503: {journal.seen()}")
