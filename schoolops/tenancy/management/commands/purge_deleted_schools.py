"""``manage.py purge_deleted_schools``: daily, from a timer."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from schoolops.tenancy import lifecycle
from schoolops.tenancy.management.commands._school import OperatorCommand


class Command(OperatorCommand):
    help = "Drop the data of schools deleted more than 30 days ago. There is no way back."

    def handle(self, *args: Any, **options: Any) -> None:
        gone, failed = lifecycle.purge_deleted_schools()
        self.stdout.write(f"Purged {len(gone)}: {', '.join(gone) or 'none'}.")
        if failed:
            raise CommandError("\n".join(f"Not purged: {slug}. {failure}" for slug, failure in failed.items()))
