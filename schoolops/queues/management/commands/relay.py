"""``manage.py relay``: hand jobs from the ledger to the broker. Run two: one leads, the other stands by."""

from __future__ import annotations

import signal
from typing import Any

from django.core.management.base import BaseCommand

from schoolops.queues.relay.relay import Relay
from schoolops.tenancy import boot


class Command(BaseCommand):
    help = "Hand jobs from the ledger to the broker; a second one stands by. SIGTERM ends it."

    def handle(self, *args: Any, **options: Any) -> None:
        boot.refuse_to_start()
        relay = Relay()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: relay.stop())
        relay.run()
