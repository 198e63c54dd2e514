"""``python -m tests.upgrade.programs``: an interpreter that has imported everything, and forks for each program.

To import Django and all of ours takes a program two seconds of a processor, which thirteen of them need not pay. Each
is a process of its own all the same: it begins without a connection, and may be killed. Reads what to run line by line,
a list of arguments as Python takes them; answers with its end and what it said.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import tempfile
import threading
import traceback
from pathlib import Path

import django
from django.db import connections
from django.db.migrations.loader import MigrationLoader


def _run(arguments: list[str]) -> None:
    match arguments:
        case ["-c", program]:
            exec(compile(program, "-c", "exec"), {"__name__": "__main__"})
        case ["-m", module, *rest]:
            sys.argv = [module, *rest]
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case [file, *rest]:
            sys.argv = [file, *rest]
            runpy.run_path(file, run_name="__main__")


def _child(arguments: list[str], out: int, err: int) -> int:
    os.dup2(out, 1)
    os.dup2(err, 2)
    try:
        _run(arguments)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except Exception:  # noqa: BLE001 - as an interpreter ends that runs nothing else
        traceback.print_exc()
        return 1
    return 0


def _ended(arguments: list[str]) -> tuple[int, str, str]:
    with tempfile.TemporaryDirectory() as folder:
        said = [Path(folder) / name for name in ("out", "err")]
        out, err = (os.open(file, os.O_CREAT | os.O_WRONLY | os.O_APPEND) for file in said)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = _child(arguments, out, err)
                sys.stdout.flush()
                sys.stderr.flush()
            finally:
                os._exit(code)
        os.close(out)
        os.close(err)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return status, *(file.read_text(encoding="utf-8") for file in said)


def main() -> None:
    django.setup()
    MigrationLoader(None)
    # What a fork must not share, or would lose.
    assert all(each.connection is None for each in connections.all(initialized_only=True))
    assert threading.active_count() == 1
    for line in sys.stdin:
        answer = json.dumps(_ended(json.loads(line)))
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
