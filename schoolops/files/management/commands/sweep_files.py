"""``manage.py sweep_files [--school oak] [--check]``"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from schoolops.files import sweeping
from schoolops.tenancy import lifecycle
from schoolops.tenancy.management.commands._school import OperatorCommand


class Command(OperatorCommand):
    help = (
        "Delete stored files that no row has named for a day, and name those that are missing. A task does it nightly."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--school", default="", help="its slug; every active school unless said")
        parser.add_argument("--check", action="store_true", help="delete nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = 0
        for school in lifecycle.each_school():
            if options["school"] in {"", school.slug}:
                asked += 1
                found = sweeping.left_over() if options["check"] else sweeping.sweep()
                self.stdout.write(f"{school.slug}: {len(found.unnamed)} unnamed, {len(found.missing)} missing")
                for name in found.missing:
                    self.stdout.write(f"  missing: {name}")
        if options["school"] and not asked:
            raise CommandError(f"There is no active school {options['school']}.")
