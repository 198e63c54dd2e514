"""``manage.py resume_school oak``"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from schoolops.tenancy import lifecycle
from schoolops.tenancy.management.commands._school import OperatorCommand


class Command(OperatorCommand):
    help = "Open a suspended school again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")

    def handle(self, *args: Any, **options: Any) -> None:
        school = lifecycle.resume_school(slug=options["slug"])
        self.stdout.write(f"{school.slug} is active.")
