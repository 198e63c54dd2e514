"""``manage.py cells [--hosts | --run COMMAND …]``: the servers that schools are spread over."""

from __future__ import annotations

import argparse
import subprocess
import sys
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from schoolops.tenancy import cells
from schoolops.tenancy.management.commands._school import OperatorCommand
from schoolops.tenancy.models import SchoolState


class Command(OperatorCommand):
    help = "Every cell with its schools; where each address leads; or one command in each cell, one after the other."

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_mutually_exclusive_group()
        acts.add_argument("--hosts", action="store_true", help="a line `host cell;` for each address: nginx's map")
        acts.add_argument(
            "--run",
            nargs=argparse.REMAINDER,
            metavar="COMMAND",
            help="of manage.py, as in --run migrate_schools --plan",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["run"]:
            self._run(options["run"])
        elif options["hosts"]:
            for host, cell in cells.hosts():
                self.stdout.write(f"{host} {cell};")
        else:
            self._list()

    def _list(self) -> None:
        away = []
        self.stdout.write(f"{'cell':<16}{'active':>8}{'others':>8}")
        for cell in cells.names():
            try:
                schools = cells.look(cell).schools
            except psycopg.Error as failure:
                away.append(cell)
                self.stdout.write(f"{cell:<16}{'-':>8}{'-':>8}  cannot be asked: {str(failure).splitlines()[0]}")
                continue
            active = sum(school.state == SchoolState.ACTIVE for school in schools)
            self.stdout.write(f"{cell:<16}{active:>8}{len(schools) - active:>8}")
        if away:
            raise CommandError(f"Away: {', '.join(away)}.")

    def _run(self, command: list[str]) -> None:
        """The others are gone on with where one fails."""
        failed = []
        for cell in cells.names():
            self.stdout.write(f"--- {cell}")
            self.stdout.flush()
            # `env` rather than our own environment: only config.env reads that.
            done = subprocess.run(
                ["/usr/bin/env", f"CELL={cell}", sys.executable, str(settings.MANAGE), *command], check=False
            )
            if done.returncode:
                failed.append(f"{cell} ({done.returncode})")
        if failed:
            raise CommandError(f"Failed: {', '.join(failed)}.")
