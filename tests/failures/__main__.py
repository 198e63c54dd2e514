"""``make resilience``: what the failure matrix promises, tried on a running stack, one row after the other.

Web server, relay and worker reach PostgreSQL and Valkey through proxies that refuse, swallow, are late and cut; clients
write all the while, and after each row every acknowledged write is there once, everything that was refused is not, and
what had no answer is taken when it is sent again under its key. Exit code 1 when a row does not hold; ``--only TEXT``
plays the rows whose name has it, ``--write`` keeps the table in docs/resilience.md. The last line is ``RESULT {…}``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from config.env import BASE_DIR
from schoolops import launcher
from tests.failures import rows
from tests.failures.stage import Scene
from tests.observe.stage import Failed, say
from tests.outside import refuse_base_url

HEAD = """# What fails, and what is seen then

By `make resilience ARGS=--write` on {day}, {processors} processors, load {load:.0f} at its end. Web server, relay and
worker reach PostgreSQL and Valkey through proxies; four clients write all the while, each write under an
`Idempotency-Key`. After each row every write that was acknowledged is there once, none that was refused is, and what
had no answer (or `tenancy:outcome-unknown`: the database was lost while it was asked to keep it) is taken when it is
sent again under its key. *Worst* is the slowest answer that a client saw.

"""


@contextmanager
def curtain_up() -> Iterator[Scene]:
    folder = launcher.spare_folder(BASE_DIR / ".schoolops" / "resilience")
    launcher.remove(folder)
    with launcher.start(launcher.DURABLE, folder) as servers:
        run = folder / "run"
        shutil.rmtree(run, ignore_errors=True)
        run.mkdir()
        scene = Scene(run, servers)
        try:
            scene.raise_curtain()
            yield scene
        finally:
            scene.close()
    launcher.remove(folder)


def main() -> int:
    refuse_base_url("make resilience kills the servers that it starts itself.")
    parser = argparse.ArgumentParser(prog="python -m tests.failures", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", help="rows whose name has this in it")
    parser.add_argument("--write", action="store_true", help="keep the table in docs/resilience.md")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.offline"
    held = failed = 0
    table = ["| what fails | what was seen | worst answer | |", "| --- | --- | --- | --- |"]
    with curtain_up() as scene:
        for row in rows.ROWS:
            if given.only not in row.name or (row.root and os.geteuid()):
                say(f"not tried: {row.name}")
                continue
            began = time.monotonic()
            try:
                seen, worst_s = row.play(scene)
            except Failed as failure:
                failed += 1
                seen, worst_s, how = str(failure), 0.0, "**does not hold**"
            else:
                held += 1
                how = "holds"
            say(f"{how:<10} {row.name} ({time.monotonic() - began:.0f} s): {seen}; worst {worst_s * 1000:.0f} ms")
            table.append(f"| {row.name} | {seen} | {worst_s * 1000:.0f} ms | {how} |")
        lost, doubled = scene.lost, scene.doubled + scene.unwanted
    print("\n".join(table))
    if given.write:
        head = HEAD.format(day=time.strftime("%Y-%m-%d"), processors=os.cpu_count(), load=os.getloadavg()[0])
        (BASE_DIR / "docs" / "resilience.md").write_text(head + "\n".join(table) + "\n", encoding="utf-8")
    result = {"rows": held + failed, "rows_held": held, "lost": lost, "duplicated": doubled}
    print(f"RESULT {json.dumps(result)}", flush=True)
    return 1 if failed or not held else 0


if __name__ == "__main__":
    sys.exit(main())
