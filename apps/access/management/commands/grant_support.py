"""``manage.py grant_support oak --operator dana --reason "ticket 4711" --minutes 60``"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from apps.access import services
from schoolops.tenancy.management.commands._school import OperatorCommand


class Command(OperatorCommand):
    help = "Let an operator into a school for a while. The school reads in its trail who, why and until when."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--operator", required=True, help="the operator's username")
        parser.add_argument("--reason", required=True, help="shown to the school")
        parser.add_argument("--minutes", type=int, default=60, help="1 to 480; default 60")

    def handle(self, *args: Any, **options: Any) -> None:
        let_in = services.grant_support(
            slug=options["slug"], operator=options["operator"], reason=options["reason"], minutes=options["minutes"]
        )
        self.stdout.write(f"{let_in.username} may work at {let_in.address} until {let_in.ends_at:%Y-%m-%d %H:%M} UTC.")
        self.stdout.write(f"In a browser, once, until {let_in.link_until:%H:%M} UTC:")
        self.stdout.write(let_in.link)
        self.stdout.write("Over the API, this token is exchanged for a login, once:")
        self.stdout.write(let_in.refresh_token)
        self.stdout.write(f"POST {let_in.address}/api/v1/auth/refresh with {{'refresh_token': …}} as JSON.")
        self.stdout.write(
            f"End it earlier: manage.py revoke_support {options['slug']} --operator {options['operator']}"
        )
