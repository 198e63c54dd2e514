"""``manage.py demo_family``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from apps.demo.management.commands.demo_schools import refuse_in_production
from apps.demo.services import SCHOOLS, furnish, show_families


class Command(BaseCommand):
    """Fill what the demo's guardians see: marks, cards, bills, leave, messages. Running it again changes nothing."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_in_production()
        for demo in SCHOOLS:
            show_families(demo, furnish(demo))
