"""What people do: guess passwords, try doors."""

from __future__ import annotations

from collections.abc import Iterator

from tests.observe.causes import cause, repeatedly
from tests.observe.stage import Stage, ask


@cause("LoginFailuresMany")
def somebody_guesses(stage: Stage) -> Iterator[None]:
    def guess(number: int) -> None:
        ask(stage.port, "/api/v1/auth/login", body={"login": f"nobody-{number}", "password": "guess"})

    with repeatedly(guess, 0.3):
        yield


@cause("DeniesMany")
def somebody_tries_doors(stage: Stage) -> Iterator[None]:
    with repeatedly(lambda _: stage.ask("/api/v1/students"), 0.15):
        yield
