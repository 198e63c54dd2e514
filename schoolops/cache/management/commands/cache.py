"""``manage.py cache stats|purge --school oak``"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from schoolops.cache import declared_entries, purge
from schoolops.context import inside
from schoolops.tenancy.lifecycle import get_school
from schoolops.tenancy.management.commands._school import OperatorCommand


class Command(OperatorCommand):
    help = "What is cached of a school, or remove it. Removing is always safe: it is loaded again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=("stats", "purge"))
        parser.add_argument("--school", required=True, help="short name")

    def handle(self, *args: Any, **options: Any) -> None:
        with inside(get_school(options["school"])):
            if options["action"] == "purge":
                self.stdout.write(f"{purge.purge_school()} keys removed.")
                return
            present = purge.keys_by_entry()
            self.stdout.write(f"{'entry':<28}{'lives':>8}{'keys':>10}")
            for entry in sorted(declared_entries(), key=lambda entry: entry.name):
                self.stdout.write(f"{entry.name:<28}{entry.ttl_s:>6} s{present[entry.name]:>10}")
