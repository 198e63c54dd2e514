"""``python -m benchmarks.pages.turns``: what a request costs where two schools take turns on one connection.

Web and database, milliseconds of processor, beside the same request of one school alone.
"""

from __future__ import annotations

import argparse
import statistics

from benchmarks.servers import on_servers
from tests.outside import refuse_base_url

ASKED = (
    "students", "roll_get", "mark_again", "exams", "exam_marks", "bills", "account", "family", "family_days",
    "family_marks", "family_bills",
)  # fmt: skip
STUDENTS, DAYS = 200, 5


def measured(names: tuple[str, ...]) -> None:
    """Print a line for each kind of request."""
    from django.db import connection

    from benchmarks.pages import callers, ground
    from benchmarks.pages.__main__ import Meter, pairs_of
    from schoolops.context import inside

    with ground.prepared(STUDENTS, DAYS) as oak, ground.another(STUDENTS, DAYS, oak) as elm:
        with inside(oak.school):
            connection.ensure_connection()
            meter = Meter(connection.connection.info.backend_pid)
        there = {pair.name: pair for pair in pairs_of(elm)}
        for here in pairs_of(oak):
            if here.name not in names:
                continue

            def one(pair: object = here) -> None:
                callers.HOST = oak.host
                pair.ask(pair.caller)  # type: ignore[attr-defined]

            def both(pair: object = here) -> None:
                one(pair)
                other = there[pair.name]  # type: ignore[attr-defined]
                callers.HOST = elm.host
                other.ask(other.caller)

            found = []
            for ask, times in ((both, 2), (one, 1)):
                for _ in range(14):
                    ask()
                rounds = [meter.of(ask, 8) for _ in range(7)]
                found.append([statistics.median(each[part] for each in rounds) / times for part in (0, 1)])
            (turns, turns_database), (alone, alone_database) = found
            print(
                f"  {here.name:<13} alone {alone:6.2f} ms ({alone_database:5.2f} database)"
                f"   in turns {turns:6.2f} ({turns_database:5.2f})", flush=True,
            )  # fmt: skip


def main() -> None:
    """Measure on servers of our own, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages.turns", description=__doc__)
    parser.add_argument("--only", nargs="*", default=ASKED, help="these alone")
    given = parser.parse_args()
    refuse_base_url("It compares processor time inside one process of its own.")
    with on_servers():
        measured(tuple(given.only))


if __name__ == "__main__":
    main()
