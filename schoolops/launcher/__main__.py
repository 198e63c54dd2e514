"""``python -m schoolops.launcher start|stop|status|env|remove NAME``: the servers of ``.schoolops/NAME`` by hand."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from . import DURABLE, PROFILES, LauncherError, remove, start, status, stop
from .servers import ENVIRONMENT_FILE

FOLDERS = Path(__file__).resolve().parents[2] / ".schoolops"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m schoolops.launcher", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("start", "start both servers and leave them running"),
        ("stop", "stop both servers"),
        ("status", "say what runs; exit code 3 when nothing does"),
        ("env", "print export lines for a shell"),
        ("remove", "stop both servers and delete their data"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("name", help="folder below .schoolops, as demo, test or bench")
        if name == "start":
            command.add_argument("--profile", choices=sorted(PROFILES), default=DURABLE.name)
            command.add_argument("--postgres-port", type=int)
            command.add_argument("--valkey-port", type=int)
    given = parser.parse_args(arguments)
    folder = FOLDERS / given.name
    try:
        match given.command:
            case "start":
                servers = start(
                    PROFILES[given.profile],
                    folder,
                    postgres_port=given.postgres_port,
                    valkey_port=given.valkey_port,
                )
                servers.leave_running()
                _print_status(folder)
            case "stop":
                stop(folder)
            case "remove":
                remove(folder)
            case "status":
                return _print_status(folder)
            case "env":
                return _print_environment(folder)
    except LauncherError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def _print_status(folder: Path) -> int:
    now = status(folder)
    for name, pid, port in (
        ("PostgreSQL", now.postgres_pid, now.postgres_port),
        ("Valkey", now.valkey_pid, now.valkey_port),
    ):
        print(f"{name:<10} " + (f"runs on port {port}, process {pid}" if pid else "does not run"))
    return 0 if now.postgres_pid or now.valkey_pid else 3


def _print_environment(folder: Path) -> int:
    try:
        lines = (folder / ENVIRONMENT_FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        print(
            f"Nothing runs in {folder}: python -m schoolops.launcher start {shlex.quote(folder.name)}",
            file=sys.stderr,
        )
        return 3
    for line in lines:
        print(f"export {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
