"""What the school commands share: refusals become one clear line instead of a traceback."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from schoolops.errors import SchoolOpsError


class OperatorCommand(BaseCommand):
    """A command whose expected refusals are printed as a sentence with its remedy, exit code 1."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except SchoolOpsError as refusal:
            raise CommandError(f"{refusal.detail} {refusal.advice}".strip()) from refusal
