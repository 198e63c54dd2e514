"""``manage.py import_roster --school oak roster.zip --apply``"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.access.models import RoleAssignment
from apps.access.permissions import ADMINISTRATOR
from apps.accounts.models import User
from apps.exchange import services
from apps.exchange.models import Import, ImportRow
from apps.exchange.services.reading.staged import KINDS
from schoolops.context import inside, outside_schools
from schoolops.tenancy.management.commands._school import OperatorCommand
from schoolops.tenancy.models import School

ACTIONS = ("create", "update", "unchanged", "error", "skip")


class Command(OperatorCommand):
    help = "Read a roster (OneRoster ZIP, XLSX or CSV), show what it would change, and with --apply change it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--school", required=True, help="its slug")
        parser.add_argument("--by", default="", help="the username that does it; an administrator unless said")
        parser.add_argument("--kind", default="", choices=["", *Import.Source.values], help="guessed unless said")
        parser.add_argument("--apply", action="store_true", help="change it")
        parser.add_argument("--skip-errors", action="store_true", help="apply the rows without errors")

    def handle(self, *args: Any, **options: Any) -> None:
        with outside_schools():
            school = School.objects.filter(slug=options["school"]).first()
        if school is None:
            raise CommandError(f"There is no school {options['school']}: `manage.py create_school` makes one.")
        with inside(school):
            self._run(options)

    def _run(self, options: dict[str, Any]) -> None:
        by = self._whoever(options["by"])
        try:
            with options["file"].open("rb") as file:
                run = services.receive(file=file, name=options["file"].name, source=options["kind"], by=by)
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}.") from error
        run = services.read_and_validate(run=run)
        if run.problem:
            raise CommandError(f"{run.problem['detail']} {run.problem['remedy']}".strip())
        self._show(run)
        if options["apply"]:
            services.confirm(run=run, reading=run.reading, skip_errors=options["skip_errors"], by=by)
            run = services.apply(run=run)
            self.stdout.write("Applied:")
            self._show(run)
        if run.total("error"):
            self._show_errors(run)

    def _whoever(self, username: str) -> User:
        if username:
            user = User.objects.known_as(username).first()
            if user is None:
                raise CommandError(f"Nobody here is called {username}.")
            return user
        held = RoleAssignment.objects.filter(role__code=ADMINISTRATOR, user__is_active=True).select_related("user")
        first = held.order_by("pk").first()
        if first is None:
            raise CommandError("This school has no administrator yet: say with --by who imports.")
        return first.user

    def _show(self, run: Import) -> None:
        self.stdout.write(f"{'':16}" + "".join(f"{action:>11}" for action in ACTIONS))
        for kind in KINDS:
            if found := run.counts.get(kind):
                self.stdout.write(f"{kind:16}" + "".join(f"{found.get(action, 0):>11}" for action in ACTIONS))
        for note in run.notes:
            self.stdout.write(note)

    def _show_errors(self, run: Import, most: int = 20) -> None:
        rows = ImportRow.objects.filter(run=run, action="error").order_by("pk")
        for row in rows[:most]:
            for error in row.errors:
                where = f"{error.get('file') or row.file}:{error['row']} {error['column']}".rstrip()
                self.stderr.write(f"{where}: {error['message']} {error['remedy']} [{error['code']}]")
        if (more := rows.count() - most) > 0:
            self.stderr.write(f"… and {more} more rows with errors.")
