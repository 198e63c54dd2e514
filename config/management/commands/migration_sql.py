"""``manage.py migration_sql FOLDER``: the SQL of each migration that no release has, a file each, for squawk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connections, router
from django.db.migrations.loader import MigrationLoader

from config.management.commands import released_migrations
from schoolops.context import inside, outside_schools
from schoolops.tenancy import template


class Command(BaseCommand):
    help = "Write the SQL of each migration that no release has into FOLDER. Needs the provisioning login."
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        released = released_migrations.read(released_migrations.RELEASED.read_text(encoding="utf-8"))
        new = sorted(released_migrations.our_migrations().keys() - set(released))
        statements: dict[str, list[str]] = {name: [] for name in new}
        connection = connections["admin"]
        # A table stands in `public` or in schools; those of an app of both, as the trail, in each.
        for place in (outside_schools(), inside(template.Scratch())):
            with place:
                loader = MigrationLoader(None, replace_migrations=False)
                loader.connection = connection
                for name in new:
                    label, _, called = name.partition(".")
                    if router.allow_migrate(connection.alias, label):
                        said = loader.collect_sql([(loader.graph.nodes[label, called], False)])
                        statements[name] += [each for each in said if each not in statements[name]]
            connection.close()
        for name, said in statements.items():
            text = "\n".join(said)
            (folder / f"{name}.sql").write_text(f"BEGIN;\n{text}\nCOMMIT;\n", encoding="utf-8")
        self.stdout.write(f"{len(new)} migrations that no release has")
