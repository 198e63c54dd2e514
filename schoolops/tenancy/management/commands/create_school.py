"""``manage.py create_school oak --name "Oak School" --domain oak.example.org``"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from schoolops.tenancy.management.commands._school import OperatorCommand
from schoolops.tenancy.provisioning import create_school


class Command(OperatorCommand):
    help = "Create a school: schema, role, first contents, address. Run again to finish an interrupted creation."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="short name, as in oak-hill")
        parser.add_argument("--name", required=True, help="the name people read")
        parser.add_argument("--domain", action="append", required=True, help="host name; repeat for more than one")

    def handle(self, *args: Any, **options: Any) -> None:
        told: dict[str, Any] = {"progress": self.stdout.write} if options["verbosity"] > 1 else {}
        school = create_school(slug=options["slug"], name=options["name"], domains=options["domain"], **told)
        self.stdout.write(f"{school.slug}: {school.name} is active at {', '.join(options['domain'])}")
