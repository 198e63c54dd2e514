"""``manage.py doctor``: how this installation is, on one page."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from schoolops.health import doctor

_STYLE = {"green": "SUCCESS", "yellow": "WARNING", "red": "ERROR"}


class Command(BaseCommand):
    help = "Ask everything this installation stands on, and say what to do about each red line. Exit code 1 with one."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quiet", action="store_true", help="only what is not green")

    def handle(self, *args: Any, **options: Any) -> None:
        colours = {"green": 0, "yellow": 0, "red": 0}
        for name, line in doctor.examine():
            colours[line.colour] += 1
            if options["quiet"] and line.colour == "green":
                continue
            paint = getattr(self.style, _STYLE[line.colour])
            self.stdout.write(f"{paint(f'{line.colour:<7}')} {name:<13} {line.what}")
            if line.remedy:
                self.stdout.write(f"{'':<22}→ {line.remedy}")
        self.stdout.write(f"{colours['green']} green, {colours['yellow']} yellow, {colours['red']} red.")
        if colours["red"]:
            sys.exit(1)
