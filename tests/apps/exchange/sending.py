"""A roster is sent, and applied; and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from apps.exchange import services
from apps.exchange.models import Import, ImportRow

FILES = Path(__file__).parent / "rosters"
Read = Callable[..., Import]


def sent(read: Read, name: str, **more: Any) -> Import:
    return read(FILES / name, **more)


def applied(run: Import) -> Import:
    assert run.by is not None
    services.confirm(run=run, reading=run.reading, skip_errors=True, by=run.by)
    return services.apply(run=run)


def told(run: Import) -> list[tuple[int, str, str]]:
    """(row, column, code) of what is wrong."""
    rows = ImportRow.objects.filter(run=run, action="error").order_by("row", "pk")
    return [
        (each["row"], each["column"], each["code"].removeprefix("exchange:")) for row in rows for each in row.errors
    ]


def words(run: Import) -> str:
    rows = ImportRow.objects.filter(run=run, action="error")
    return " ".join(f"{each['column']} {each['message']} {each['remedy']}" for row in rows for each in row.errors)


def kept_promise(read: Read, file: Path | bytes, name: str = "", **more: Any) -> Import:
    """The file, applied: what came is what was shown, row by row, and sent again it changes nothing."""
    run = read(file, name, **more)
    promise, wrong = run.counts, told(run)
    run = applied(run)
    assert (run.counts, told(run)) == (promise, wrong)
    again = read(file, name, **more)
    assert (again.total("create"), again.total("update")) == (0, 0), again.counts
    return run


def undone(run: Import) -> Import:
    """The import, taken back."""
    assert run.by is not None
    run = services.undo(run=services.begin_undo(run=run, by=run.by))
    assert (run.state, run.problem) == ("undone", None), run.problem
    return run
