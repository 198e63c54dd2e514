"""``manage.py derive_days --from 2026-11-02 --to 2026-11-20 [--school oak] [--check]``"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.attendance import services
from apps.institutions.models import Institution
from schoolops.context import inside, outside_schools
from schoolops.tenancy.management.commands._school import OperatorCommand
from schoolops.tenancy.models import School, SchoolState


class Command(OperatorCommand):
    help = "Make days of attendance what their marks say, in years that are not closed; with --check only count."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="first", type=dt.date.fromisoformat, required=True, help="the first day")
        parser.add_argument("--to", dest="last", type=dt.date.fromisoformat, required=True, help="the last day")
        parser.add_argument("--school", default="", help="its slug; every active school unless said")
        parser.add_argument("--check", action="store_true", help="change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        with outside_schools():
            schools = list(School.objects.filter(state=SchoolState.ACTIVE).order_by("slug"))
        if options["school"]:
            schools = [school for school in schools if school.slug == options["school"]]
            if not schools:
                raise CommandError(f"There is no active school {options['school']}.")
        if options["last"] < options["first"]:
            raise CommandError("The last day is before the first.")
        for school in schools:
            with inside(school):
                for campus in Institution.objects.order_by("name", "pk"):
                    days = services.Days(options["first"], options["last"], institution=campus.pk)
                    if options["check"]:
                        said = f"{services.days_that_differ(days)} days differ"
                    else:
                        derived = services.derive_in_chunks(days)
                        said = f"{derived.marks} marks, {derived.days} days changed"
                    self.stdout.write(f"{school.slug}, {campus.name}: {said}")
