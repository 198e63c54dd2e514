"""``manage.py create_operator dana --email dana@example.org``"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from apps.accounts import services
from schoolops.tenancy.management.commands._school import OperatorCommand


class Command(OperatorCommand):
    help = "Make a login for an operator of this platform, outside all schools, and print the link for its password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--email", default="")
        parser.add_argument("--given-name", default="")
        parser.add_argument("--family-name", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        handed = services.create_operator(
            username=options["username"],
            email=options["email"],
            given_name=options["given_name"],
            family_name=options["family_name"],
        )
        self.stdout.write(f"{options['username']} sets a password, once, until {handed.expires_at:%Y-%m-%d %H:%M} UTC:")
        self.stdout.write(handed.link)
        self.stdout.write(f'or POST /api/v1/auth/redeem {{"token": "{handed.token}", "password": "…"}}')
        self.stdout.write("The first login then asks for a second factor: POST /api/v1/me/totp.")
