"""``manage.py reconcile_fees [--school oak] [--json]``"""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.fees import services
from apps.fees.selectors.reconciling import differences, reconciled
from schoolops.context import inside, outside_schools
from schoolops.tenancy.management.commands._school import OperatorCommand
from schoolops.tenancy.models import School, SchoolState


class Command(OperatorCommand):
    help = "Prove that books, bills and payments say the same; names each difference and what to do, exit code 1."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--school", default="", help="its slug; every active school unless said")
        parser.add_argument("--ask-gateway", action="store_true", help="compare with what the card gateway says, too")
        parser.add_argument("--json", action="store_true", help="one object, for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        with outside_schools():
            schools = list(School.objects.filter(state=SchoolState.ACTIVE).order_by("slug"))
        if options["school"]:
            schools = [school for school in schools if school.slug == options["school"]]
            if not schools:
                raise CommandError(f"There is no active school {options['school']}.")
        said = []
        for school in schools:
            with inside(school):
                looked, found = reconciled(), [*differences()]
                if options["ask_gateway"]:
                    found += services.differs_there()
            said.append({"school": school.slug, **looked, "differences": [each.as_dict() for each in found]})
            if not options["json"]:
                counted = ", ".join(f"{number} {what}" for what, number in looked.items())
                self.stdout.write(f"{school.slug}: {len(found)} differences ({counted})")
                for each in found:
                    self.stdout.write(f"  {each.code}: {each}")
        if options["json"]:
            self.stdout.write(json.dumps({"schools": said}, indent=2))
        if any(each["differences"] for each in said):
            raise SystemExit(1)
