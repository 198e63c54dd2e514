"""``python -m tests.planted``: each fault is planted, and the command whose business it is ends with 1 and says why.

``--only NAME …`` plants these. Exit code 1 when a fault stays unseen; the last line is ``RESULT {…}``.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from config.env import BASE_DIR
from locustfiles.targets import NEVER_MS
from tests.outside import refuse_base_url
from tests.planted.faults import FAULTS, VARIABLE


@dataclass(frozen=True, slots=True)
class Seen:
    """By which command a fault is seen, and by what its ``RESULT`` says then; ``because``: the words, of all that it
    says, that this fault causes and no other."""

    command: tuple[str, ...]
    says: Callable[[dict[str, Any]], bool]
    because: str = ""


SMALL = ("--schools", "1", "--students", "40", "--seconds", "40", "--capacity", "20", "--steady", "40")


def row_failed(result: dict[str, Any]) -> bool:
    return bool(result["rows"] == 1 and result["rows_held"] == 0)


SEEN_BY = {
    # On a busy machine everything is late: what is planted makes a short answer later than a longer one beside it.
    "late": Seen(
        ("benchmarks.load", *SMALL),
        lambda said: 400 <= said["students_p95_ms"] < NEVER_MS and said["students_vs_families"] >= 1,
    ),
    "lost_write": Seen(
        ("tests.failures", "--only", "Redis hangs"), lambda said: row_failed(said) and said["lost"] > 0,
        "lost or twice:",
    ),
    "lost_mark": Seen(
        ("tests.failures", "--only", "every kind"), lambda said: row_failed(said) and said["lost"] > 0,
        "lost: ['PUT exams/{}/marks ",
    ),
    "dropped_job": Seen(
        ("tests.failures", "--only", "A job wanted twice"), row_failed, "it did not happen that it is done."
    ),
    "swallowed_exception": Seen(
        ("tests.failures", "--only", "A job fails"), row_failed, "it did not happen that it is set aside."
    ),
    "disabled_breaker": Seen(
        ("tests.failures", "--only", "A slow query"), row_failed, "not so: five failures close the group:"
    ),
    "leaked_school": Seen(("tests.smoke",), lambda said: said["leaks"] > 0),
}  # fmt: skip


def is_seen(seen: Seen, code: int, output: str) -> bool:
    """Whether the command ended with 1 for what was planted, and not for something else."""
    lines = [line for line in output.splitlines() if line.startswith("RESULT ")]
    return (
        code == 1
        and seen.because in output
        and bool(lines)
        and seen.says(json.loads(lines[-1].removeprefix("RESULT ")))
    )


def ran(command: Sequence[str], fault: str) -> tuple[int, str]:
    """Its exit code and all that it said. Whoever stops us stops it, and it takes its stack down before we end."""
    child = subprocess.Popen(
        command, cwd=BASE_DIR, env={**os.environ, VARIABLE: fault},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        output, _ = child.communicate()
    except KeyboardInterrupt:
        # The terminal has told it too.
        child.communicate()
        raise
    except SystemExit:
        child.terminate()
        child.communicate()
        raise
    return child.returncode, output


def main() -> int:
    refuse_base_url("a fault is planted in a stack that is started for it, and in no other.")
    parser = argparse.ArgumentParser(prog="python -m tests.planted", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=sorted(FAULTS), nargs="+", default=list(SEEN_BY))
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    unseen = []
    for name in given.only:
        began, seen = time.monotonic(), SEEN_BY[name]
        try:
            code, output = ran([sys.executable, "-m", *seen.command], name)
        except KeyboardInterrupt:
            return 130
        found = is_seen(seen, code, output)
        print(f"{'seen' if found else 'UNSEEN'}  {name} by {' '.join(seen.command)} ({time.monotonic() - began:.0f} s)")
        if not found:
            unseen.append(name)
            print("\n".join(output.splitlines()[-60:]))
    print(f"RESULT {json.dumps({'planted': len(given.only), 'planted_unseen': len(unseen)})}", flush=True)
    return 1 if unseen else 0


if __name__ == "__main__":
    sys.exit(main())
