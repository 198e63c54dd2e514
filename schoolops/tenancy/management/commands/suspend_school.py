"""``manage.py suspend_school oak --reason "unpaid since May"``"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from schoolops.tenancy import lifecycle
from schoolops.tenancy.management.commands._school import OperatorCommand


class Command(OperatorCommand):
    help = "Shut a school's doors: everybody gets a clear 403; nothing is lost."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--reason", required=True, help="kept with the school, for the next operator")

    def handle(self, *args: Any, **options: Any) -> None:
        school = lifecycle.suspend_school(slug=options["slug"], reason=options["reason"])
        self.stdout.write(f"{school.slug} is suspended. `manage.py resume_school {school.slug}` opens it again.")
