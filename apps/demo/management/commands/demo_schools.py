from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.demo.services import SCHOOLS, furnish


def refuse_in_production() -> None:
    """Raise ``CommandError`` under production settings: these logins are known to everybody."""
    if settings.SETTINGS_MODULE.endswith(".production"):
        raise CommandError("Not in production: the demo's logins and passwords are known to everybody.")


class Command(BaseCommand):
    """Make the demo's schools, or whatever of them is missing. The last line is JSON: hosts, logins, passwords."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_in_production()
        for demo in SCHOOLS:
            furnish(demo)
            self.stdout.write(f"{demo.name} is at {demo.host}.")
        said = [
            {
                "slug": demo.slug,
                "host": demo.host,
                "name": demo.name,
                "logins": [
                    {"username": login.username, "password": login.password(demo.slug), "role": login.role}
                    for login in demo.logins
                ],
            }
            for demo in SCHOOLS
        ]
        self.stdout.write(json.dumps({"schools": said}))
