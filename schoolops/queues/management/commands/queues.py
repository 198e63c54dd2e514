"""``manage.py queues [list]``: how each queue is; ``queues pause | resume``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from schoolops.queues.desk import letters as desk
from schoolops.queues.desk import overview
from schoolops.queues.management.commands.dead_letters import AtTheTerminal
from schoolops.queues.registry import QUEUES
from schoolops.tenancy.management.commands._school import OperatorCommand


class Command(OperatorCommand):
    help = "List the queues, which is what it does by itself; pause or resume one."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="act")
        actions.add_parser("list", help="a line for each queue: what is ready, scheduled, retrying, dead")
        pause = actions.add_parser("pause", help="hand out no more jobs of a queue; what comes waits")
        pause.add_argument("queue", choices=QUEUES)
        pause.add_argument("--why", required=True)
        resume = actions.add_parser("resume", help="hand out jobs again")
        resume.add_argument("queue", choices=QUEUES)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["act"] == "pause":
            desk.pause(options["queue"], by=AtTheTerminal(), reason=options["why"])
            self.stdout.write(f"{options['queue']} is paused")
            return
        if options["act"] == "resume":
            desk.resume(options["queue"], by=AtTheTerminal())
            self.stdout.write(f"{options['queue']} runs again")
            return
        overview.forget()
        now = overview.overview()
        self.stdout.write(f"broker {now['broker']}, relay {now['relay'] or 'nobody leads'}")
        heads = ("queue", "ready", "in broker", "scheduled", "retrying", "dead", "oldest s", "")
        self.stdout.write(("{:<14}" + "{:>11}" * 6 + " {}").format(*heads))
        for name, each in now["queues"].items():
            row = (
                each["ready"],
                each["inBroker"],
                each["scheduled"],
                each["retrying"],
                each["dead"],
                each["oldestSeconds"],
            )
            shown = ("-" if value is None else value for value in row)
            self.stdout.write(
                ("{:<14}" + "{:>11}" * 6 + " {}").format(name, *shown, "paused" if each["paused"] else "")
            )
