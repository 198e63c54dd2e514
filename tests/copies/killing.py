"""Run from outside: does something again and again, each time in a process that is killed at a moment of its own.

``python -m tests.copies.killing '{"work": "back_up", "facts": {…}, "moments": [0.3, 0.7]}'``. A moment is a share of
how long the work takes when nobody kills it, which is done first and last. Prints a JSON line: how processes ended.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def _working(work: Callable[[], Any]) -> int:
    """The pid of a process that works. Forked before there is a connection: it has its own of everything."""
    if pid := os.fork():
        return pid
    try:
        work()
    except BaseException as failed:  # noqa: BLE001 - a child ends here, whatever it was
        print(failed, file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


def _ended(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> None:
    import django

    django.setup()
    from django.test import override_settings

    from schoolops.copies import restoring, sealed, taking
    from schoolops.tenancy import lifecycle

    asked = json.loads(sys.argv[1])
    facts, folder = asked["facts"], Path(asked["folder"])

    def back_up() -> None:
        taking.back_up(slug=facts["slug"], folder=folder, recipients=[facts["public"]])

    def restore() -> None:
        restoring.restore_beside(
            file=Path(facts["file"]), keys=sealed.identities_in(Path(facts["identity"])), slug=facts["slug"], domains=[]
        )

    def forget() -> None:
        restoring.clear(lifecycle.get_school(facts["slug"]))

    work = {"back_up": back_up, "restore": restore}[asked["work"]]
    with override_settings(MEDIA_ROOT=asked["media"]):
        began = time.monotonic()
        ended = [_ended(_working(work))]
        takes = time.monotonic() - began
        if work is restore:
            _ended(_working(forget))
        for moment in asked["moments"]:
            pid = _working(work)
            time.sleep(moment * takes)
            os.kill(pid, signal.SIGKILL)
            ended.append(_ended(pid))
            if work is restore and ended[-1] == 0:
                # It was faster than the first: there is nothing to begin again.
                _ended(_working(forget))
        ended.append(_ended(_working(work)))
    print(json.dumps(ended))


if __name__ == "__main__":
    main()
