from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.demo.services import OPERATOR, SCHOOLS, furnish, furnish_operator, recall, show_families
from apps.demo.services.casts import Login


def refuse_in_production() -> None:
    """Raise ``CommandError`` under production settings: these logins are known to everybody."""
    if settings.SETTINGS_MODULE.endswith(".production"):
        raise CommandError("Not in production: the demo's logins and passwords are known to everybody.")


class Command(BaseCommand):
    """Make the demo's schools and operator, or what of them is missing. The last line is JSON: hosts, logins."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--all", action="store_true", help="the database first, and what guardians see: marks, bills, messages"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_in_production()
        if options["all"]:
            call_command("migrate", verbosity=0, stdout=self.stdout)
        for demo in SCHOOLS:
            school = furnish(demo)
            recall(school)
            if options["all"]:
                show_families(demo, school)
            self.stdout.write(f"{demo.name} is at {demo.host}.")
        furnish_operator()
        said = [
            {
                "slug": demo.slug,
                "host": demo.host,
                "name": demo.name,
                "logins": [_said(login, demo.slug) for login in demo.logins],
            }
            for demo in SCHOOLS
        ]
        operators = {"host": settings.PUBLIC_HOSTS[0], "logins": [_said(OPERATOR, OPERATOR.role)]}
        self.stdout.write(json.dumps({"schools": said, "operators": operators}))


def _said(login: Login, place: str) -> dict[str, str]:
    return {"username": login.username, "password": login.password(place), "role": login.role}
