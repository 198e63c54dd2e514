"""``manage.py beat``: put scheduled work into the ledger. Two may run."""

from __future__ import annotations

import signal
from typing import Any

from django.core.management.base import BaseCommand

from schoolops.queues.schedule import Beat
from schoolops.tenancy import boot


class Command(BaseCommand):
    help = "Put scheduled work into the ledger, each tick once however many beats run. SIGTERM ends it."

    def handle(self, *args: Any, **options: Any) -> None:
        boot.refuse_to_start()
        beat = Beat()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: beat.stop())
        beat.run()
