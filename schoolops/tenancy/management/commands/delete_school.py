"""``manage.py delete_school oak --reason "left the group"``, then type the name."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from schoolops.tenancy import lifecycle
from schoolops.tenancy.management.commands._school import OperatorCommand


class Command(OperatorCommand):
    help = "Delete a suspended school. Its schema is kept for 30 days; purge_deleted_schools drops it after that."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--reason", required=True, help="kept with the school, for the next operator")
        parser.add_argument("--confirm", help="the short name again; asked for when left out")

    def handle(self, *args: Any, **options: Any) -> None:
        school = lifecycle.get_school(options["slug"])
        typed = options["confirm"] or input(f"Type the short name of {school.name} to delete it: ")
        lifecycle.delete_school(slug=school.slug, typed=typed.strip(), reason=options["reason"])
        self.stdout.write(f"{school.slug} is deleted. Its data is kept for 30 days.")
