"""``manage.py export_roster --school oak roster.zip``"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.exchange import services
from schoolops.context import inside, outside_schools
from schoolops.tenancy.management.commands._school import OperatorCommand
from schoolops.tenancy.models import School


class Command(OperatorCommand):
    help = "Write a school's roster as a OneRoster 1.2 bundle, in the years that are not closed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--school", required=True, help="its slug")

    def handle(self, *args: Any, **options: Any) -> None:
        with outside_schools():
            school = School.objects.filter(slug=options["school"]).first()
        if school is None:
            raise CommandError(f"There is no school {options['school']}.")
        with inside(school), options["path"].open("wb") as file:
            for name, rows in services.export_bundle(into=file, by=None).items():
                self.stdout.write(f"{name}.csv: {rows}")
