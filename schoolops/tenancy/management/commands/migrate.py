"""``manage.py migrate``: the shared tables, then every school that is behind."""

from __future__ import annotations

from typing import Any

from django.core.checks import Tags
from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import connections

from schoolops.context import outside_schools
from schoolops.tenancy import fleet, migrating, owner
from schoolops.tenancy.management.commands._school import OperatorCommand


class Command(OperatorCommand):
    # Django compares it with makemigrations' at every system check.
    autodetector = DjangoMigrate.autodetector
    help = "Bring the shared tables and every school's schema up to the code."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--shared-only", action="store_true", help="leave the schools alone")

    def handle(self, *args: Any, **options: Any) -> None:
        verbosity = options["verbosity"]
        self.check(tags=[Tags.database], databases=["default"])
        # Two deployments at once would both see the same schools behind.
        with owner.one_at_a_time("migrate"):
            owner.ensure_groundwork()
            with outside_schools():
                migrating.migrate(verbosity=max(verbosity - 1, 0))
            connections["admin"].close()
            fleet.bring_up_shared()
            owner.grant_shared_tables()
            if not options["shared_only"]:
                self._bring_schools_up()

    def _bring_schools_up(self) -> None:
        """One school that cannot be brought up does not keep the others waiting; the command fails at the end."""
        schools = fleet.made_schools()
        failed = fleet.without_schema(schools)
        for school in failed:
            self.stderr.write(f"{school.slug}: its schema {school.schema_name} is not in the database")
        behind = fleet.behind([school for school in schools if school not in failed])
        for school in behind:
            try:
                fleet.bring_up(school)
            except Exception as refused:  # noqa: BLE001 - whatever it is, it is this school's
                failed.append(school)
                self.stderr.write(f"{school.slug}: {type(refused).__name__}: {refused}")
            else:
                self.stdout.write(f"{school.slug}: migrated")
        for school in fleet.unfinished_schools():
            remedy = school.state_reason or f"run create_school {school.slug} again"
            self.stderr.write(f"{school.slug}: still being made. {remedy}")
        self.stdout.write(f"Shared tables are current; {len(behind)} schools were behind.")
        if failed:
            raise CommandError(f"Not brought up: {', '.join(school.slug for school in failed)}.")
