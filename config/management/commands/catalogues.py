"""``manage.py catalogues [--check]``: the translations of everything that people read."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import messages


class Command(BaseCommand):
    """Write the catalogues, or say what is missing in them."""

    help = "Collect the strings of the code into locale/ and compile the translations."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        missing = []
        for language in messages.LANGUAGES:
            if not options["check"]:
                messages.write(language)
            missing += messages.differences(language)
        if missing:
            raise CommandError("\n".join(missing))
        self.stdout.write("Everything that people read is translated.")
