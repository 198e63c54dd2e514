"""``manage.py migrate``: the shared tables, then every school that is behind."""

from __future__ import annotations

from typing import Any

from django.core.checks import Tags
from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import connections

from schoolops.context import outside_schools
from schoolops.rollouts import releasing
from schoolops.rollouts.models import Step
from schoolops.tenancy import fleet, migrating, owner
from schoolops.tenancy.management.commands._school import OperatorCommand


class Command(OperatorCommand):
    # Django compares it with makemigrations' at every system check.
    autodetector = DjangoMigrate.autodetector
    help = "Bring the shared tables and every school's schema up to the code. `migrate_schools` can do it by and by."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--shared-only", action="store_true", help="leave the schools alone")

    def handle(self, *args: Any, **options: Any) -> None:
        self.check(tags=[Tags.database], databases=["default"])
        # Two deployments at once would both see the same schools behind.
        with owner.one_at_a_time("migrate"):
            self.bring_up_shared(verbosity=options["verbosity"])
            if not options["shared_only"]:
                self.bring_up_schools()

    def bring_up_shared(self, *, verbosity: int) -> None:
        owner.ensure_groundwork()
        with outside_schools():
            migrating.migrate(verbosity=max(verbosity - 1, 0))
        connections["admin"].close()
        fleet.bring_up_shared()
        owner.grant_shared_tables()

    def bring_up_schools(
        self, *, canaries: list[str] | None = None, parallel: int = 1, go_on: bool = False
    ) -> releasing.Outcome:
        """One school that cannot be brought up does not keep the others waiting; the command fails at the end."""
        now = releasing.standing()
        for school in now.without_schema:
            self.stderr.write(f"{school.slug}: its schema {school.schema_name} is not in the database")
        outcome = releasing.release(now, say=self.say, canaries=canaries, parallel=parallel, go_on=go_on)
        for school in now.unfinished:
            remedy = school.state_reason or f"run create_school {school.slug} again"
            self.stderr.write(f"{school.slug}: still being made; {remedy}")
        self.stdout.write(f"Shared tables are current; {outcome.behind} schools were behind.")
        if failed := sorted([*(school.slug for school in now.without_schema), *outcome.failed]):
            raise CommandError(f"Not brought up: {', '.join(failed)}.")
        return outcome

    def say(self, step: Step, done: int, total: int) -> None:
        if step.failure:
            self.stderr.write(f"{step.school}: {step.failure}")
        else:
            self.stdout.write(f"{step.school}: migrated")
