"""``manage.py revoke_support oak --operator dana``"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from apps.access import services
from schoolops.tenancy.management.commands._school import OperatorCommand


class Command(OperatorCommand):
    help = "End an operator's access to a school at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--operator", required=True, help="the operator's username")
        parser.add_argument("--reason", default="", help="shown to the school")

    def handle(self, *args: Any, **options: Any) -> None:
        ended = services.revoke_support(slug=options["slug"], operator=options["operator"], reason=options["reason"])
        self.stdout.write(f"{options['operator']} is out of {options['slug']}; {ended} login(s) ended.")
