"""``manage.py migrate``: the shared tables, then every school that is behind."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandParser
from django.core.management.commands.migrate import Command as DjangoMigrate

from schoolops.context import outside_schools
from schoolops.tenancy import fleet, owner
from schoolops.tenancy.management.commands._school import OperatorCommand


class Command(OperatorCommand):
    # Django compares it with makemigrations' at every system check.
    autodetector = DjangoMigrate.autodetector
    help = "Bring the shared tables and every school's schema up to the code."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--shared-only", action="store_true", help="leave the schools alone")

    def handle(self, *args: Any, **options: Any) -> None:
        verbosity = options["verbosity"]
        owner.ensure_groundwork()
        with outside_schools():
            call_command(DjangoMigrate(), database="admin", verbosity=max(verbosity - 1, 0), interactive=False)
        owner.grant_shared_tables()
        if options["shared_only"]:
            return
        behind = fleet.schools_behind()
        for school in behind:
            fleet.bring_up(school)
            self.stdout.write(f"{school.slug}: migrated")
        self.stdout.write(f"Shared tables are current; {len(behind)} schools were behind.")
