"""``make resilience``: what the failure matrix promises, tried on a running stack, one row after the other.

Web server, relay and worker reach PostgreSQL and Valkey through proxies that refuse, swallow, are late and cut; clients
write all the while, and after each row every acknowledged write is there once, everything that was refused is not, and
what had no answer is taken when it is sent again under its key. Exit code 1 when a row does not hold, 2 when one could
not be tried; ``--only TEXT`` plays the rows whose name has it, ``--write`` keeps the table in docs/resilience.md and
its sum in README. The last line is ``RESULT {…}``.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from config.env import BASE_DIR
from schoolops import launcher
from tests.failures import rows
from tests.failures.stage import Scene
from tests.observe.stage import Failed, say
from tests.outside import machine, refuse_base_url
from tests.support import marks

HEAD = """# What fails, and what is seen then

By `make resilience ARGS=--write` on {day}, {machine}, load {load:.0f} at its end, in
{minutes:.0f} minutes. Web server, relay and worker reach PostgreSQL and Valkey through proxies; four clients write
all the while, each write under an `Idempotency-Key`. After each row every write that was acknowledged is there once,
none that was refused is, and what had no answer (or `tenancy:outcome-unknown`: the database was lost while it was
asked to keep it) is taken when it is sent again under its key. *Worst* is the slowest answer that a client saw; *rows*
are those of the clients and those that jobs left, counted in the database before and after. What does not hold and
what was not tried stands in the table as well. In the row of every kind of write ten clients send them to a school of
their own, every other one without a key; one that had no answer and no key may be there once.

**{verdict}**

"""


@contextmanager
def curtain_up() -> Iterator[Scene]:
    lock = launcher.hold_spare(BASE_DIR / ".schoolops" / "resilience")
    with launcher.start(launcher.DURABLE, lock.folder, lock=lock) as servers:
        run = lock.folder / "run"
        run.mkdir()
        scene = Scene(run, servers)
        try:
            scene.raise_curtain()
            yield scene
        finally:
            scene.close()
    with suppress(launcher.FolderInUse):
        launcher.remove(lock.folder)


def main() -> int:
    refuse_base_url("make resilience kills the servers that it starts itself.")
    parser = argparse.ArgumentParser(prog="python -m tests.failures", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[""], help="rows whose name has one of these in it")
    parser.add_argument("--write", action="store_true", help="keep the table in docs/resilience.md")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.offline"
    began = time.monotonic()
    with curtain_up() as scene:
        played = [play(row, scene) for row in rows.ROWS if any(each in row.name for each in given.only)]
    table = ["| what fails | what was seen | worst answer | rows | |", "| --- | --- | --- | --- | --- |"]
    table += [f"| {' | '.join(each.cells())} |" for each in played]
    print("\n".join(table))
    held = sum(each.verdict == HOLDS for each in played)
    failed = sum(each.verdict == FAILS for each in played)
    result = {
        "rows": held + failed, "rows_held": held, "not_tried": len(played) - held - failed,
        "lost": sum(each.lost for each in played), "duplicated": sum(each.doubled for each in played),
    }  # fmt: skip
    if given.write:
        head = HEAD.format(
            day=time.strftime("%Y-%m-%d"), machine=machine(), load=os.getloadavg()[0],
            minutes=(time.monotonic() - began) / 60, verdict=f"{held} of {len(played)} rows hold.",
        )  # fmt: skip
        said = f"\n`RESULT {json.dumps(result)}`\n"
        page = BASE_DIR / "docs" / "resilience.md"
        _, besides, by_hand = page.read_text(encoding="utf-8").partition(BESIDES)
        page.write_text(head + "\n".join(table) + "\n" + said + besides + by_hand, encoding="utf-8")
        day = time.strftime("%Y-%m-%d")
        marks.keep(BASE_DIR / "README.md", "resilience", f"{day}: {held} of {len(played)} rows hold")
    print(f"RESULT {json.dumps(result)}", flush=True)
    return exit_code(played)


# What stands below it in docs/resilience.md is written by hand, and stays.
BESIDES = "\n## Tried alone\n"
HOLDS, FAILS, NOT_TRIED = "holds", "**does not hold**", "**not tried**"


@dataclass(frozen=True, slots=True)
class Played:
    """A row as it went."""

    name: str
    verdict: str
    seen: str
    worst_s: float = 0.0
    before: int = 0
    after: int = 0
    lost: int = 0
    doubled: int = 0

    def cells(self) -> tuple[str, ...]:
        if self.verdict == NOT_TRIED:
            return self.name, self.seen, "", "", self.verdict
        worst = f"{self.worst_s * 1000:.0f} ms" if self.worst_s else "–"
        return self.name, self.seen, worst, f"{self.before} → {self.after}", self.verdict


def play(row: rows.Row, scene: Scene) -> Played:
    if lacks := row.lacks():
        say(f"not tried: {row.name}, for it takes {lacks}")
        return Played(row.name, NOT_TRIED, f"it takes {lacks}")
    began = time.monotonic()
    before, lost, doubled = scene.counted(), scene.lost, scene.doubled + scene.unwanted
    worst_s = 0.0
    try:
        seen, worst_s = row.play(scene)
        verdict = HOLDS
    except Failed as failure:
        seen, verdict = str(failure), FAILS
    done = Played(
        row.name, verdict, seen, worst_s, before, scene.counted(),
        scene.lost - lost, scene.doubled + scene.unwanted - doubled,
    )  # fmt: skip
    say(f"{' | '.join(done.cells())} ({time.monotonic() - began:.0f} s)")
    return done


def exit_code(played: list[Played]) -> int:
    """0: all hold; 1: one does not, or there was none; 2: one was not tried, and says nothing."""
    found = {each.verdict for each in played}
    if not found or FAILS in found:
        return 1
    return 2 if NOT_TRIED in found else 0


if __name__ == "__main__":
    sys.exit(main())
