from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.demo.management.commands.demo_schools import refuse_in_production
from apps.demo.services import fill
from schoolops.context import inside, outside_schools
from schoolops.tenancy.models import School


class Command(BaseCommand):
    """Fill a school with families and every roll of the last so many school days."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--school", default="oak", help="its slug")
        parser.add_argument("--students", type=int, default=2000)
        parser.add_argument("--days", type=int, default=180, help="of school, up to yesterday")
        parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same people")

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_in_production()
        with outside_schools():
            school = School.objects.filter(slug=options["school"]).first()
        if school is None:
            raise CommandError(f"There is no school {options['school']}: `manage.py create_school` makes one.")
        began = time.monotonic()
        with inside(school):
            made = fill(students=options["students"], days=options["days"], seed=options["seed"], say=self.stdout.write)
        if made is None:
            self.stdout.write(f"{school.slug} was filled before; nothing was changed.")
        else:
            self.stdout.write(f"{school.slug} is full, in {time.monotonic() - began:.1f} s.")
