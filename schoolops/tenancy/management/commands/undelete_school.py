"""``manage.py undelete_school oak --domain oak.example.org``"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from schoolops.tenancy import lifecycle
from schoolops.tenancy.management.commands._school import OperatorCommand


class Command(OperatorCommand):
    help = "Take back the deletion of a school within its 30 days. It is suspended then; resume_school opens it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--domain", action="append", required=True, help="host name; repeat for more than one")

    def handle(self, *args: Any, **options: Any) -> None:
        school = lifecycle.undelete_school(slug=options["slug"], domains=options["domain"])
        self.stdout.write(f"{school.slug} is suspended again, at {', '.join(options['domain'])}. Nothing is lost.")
        self.stdout.write(f"`manage.py resume_school {school.slug}` opens it.")
