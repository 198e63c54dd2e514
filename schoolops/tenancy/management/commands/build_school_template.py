"""``manage.py build_school_template [--check]``: write ``config/school.sql`` from the migrations."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from schoolops.launcher import BinariesMissing, bundled_postgres
from schoolops.tenancy import owner, template
from schoolops.tenancy.management.commands._school import OperatorCommand


def _find_pg_dump() -> str | None:
    try:
        return str(bundled_postgres() / "pg_dump")
    except BinariesMissing:
        return shutil.which("pg_dump")


class Command(OperatorCommand):
    help = "Write the DDL that new schools are made from. Needs the provisioning login and pg_dump."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="only compare with the file; exit 1 when it differs")
        parser.add_argument("--pg-dump", type=Path, help="default: the embedded server's, else the one on the PATH")

    def handle(self, *args: Any, **options: Any) -> None:
        pg_dump = options["pg_dump"] or _find_pg_dump()
        if pg_dump is None:
            raise CommandError("No pg_dump found: install PostgreSQL's client programs or name one with --pg-dump.")
        owner.ensure_groundwork()
        built = template.build(Path(pg_dump))
        path: Path = settings.SCHOOL_TEMPLATE
        if not options["check"]:
            path.write_text(built, encoding="utf-8")
            self.stdout.write(f"{path.name}: {len(built.splitlines())} lines")
        elif not path.exists() or path.read_text(encoding="utf-8") != built:
            raise CommandError(f"{path.name} does not match the migrations: run `make template` and commit the result.")
