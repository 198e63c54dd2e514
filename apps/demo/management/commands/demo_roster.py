"""``manage.py demo_roster roster.zip --students 400 --seed 1``"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.demo.services.rosters import Wanted, write_roster
from schoolops import clock


class Command(BaseCommand):
    help = "Write a OneRoster bundle as another system would export it, its year around today. No school is touched."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--students", type=int, default=400)
        parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same file")
        parser.add_argument("--version-of-oneroster", choices=["1.1", "1.2"], default="1.1", dest="version")
        parser.add_argument("--no-quirks", action="store_true", help="as the specification says, and no real export")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = Wanted(
            students=max(1, options["students"]),
            seed=options["seed"],
            today=clock.today("UTC"),
            version=options["version"],
            quirks=not options["no_quirks"],
        )
        for name, rows in write_roster(options["path"], wanted).items():
            self.stdout.write(f"{name}.csv: {rows}")
        self.stdout.write(f"{options['path']} is written.")
