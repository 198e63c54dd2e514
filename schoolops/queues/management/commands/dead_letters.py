"""``manage.py dead_letters list|show|retry|discard``: jobs that a person has to decide about."""

from __future__ import annotations

import getpass
import json
from dataclasses import dataclass
from typing import Any

from django.core.management.base import CommandError, CommandParser

from schoolops import privacy
from schoolops.observability.logging import visible
from schoolops.queues.desk import letters as desk
from schoolops.queues.ledger import seen
from schoolops.queues.models import DeadLetter
from schoolops.queues.registry import QUEUES
from schoolops.tenancy.management.commands._school import OperatorCommand

REDIS_AWAITED_S = 10.0


@dataclass(frozen=True, slots=True)
class AtTheTerminal:
    """Whoever is logged in on this machine."""

    audit_id: str = ""

    @property
    def audit_name(self) -> str:
        return f"{getpass.getuser()} (manage.py)"


class Command(OperatorCommand):
    help = "List, show, retry or discard dead letters. Retrying twice is safe."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="act", required=True)
        listing = actions.add_parser("list", help="one line each, oldest first")
        listing.add_argument("--limit", type=int, default=50)
        show = actions.add_parser("show", help="everything about one: the shape of its payload, error, every try")
        show.add_argument("id", type=int)
        retry = actions.add_parser("retry", help="send back into the ledger, under the same id")
        discard = actions.add_parser("discard", help="decide that it need not be done")
        for chosen in (listing, retry, discard):
            if chosen is not listing:
                chosen.add_argument("ids", nargs="*", type=int)
                chosen.add_argument("--all", action="store_true", help="with no id and no filter: every one")
                chosen.add_argument("--dry-run", action="store_true", help="say what would be done")
            chosen.add_argument("--queue", default="", choices=["", *QUEUES], metavar="QUEUE")
            chosen.add_argument("--school", help="short name; an empty one is the platform itself")
            chosen.add_argument("--task", default="")
            chosen.add_argument("--error", default="", help="looked for in the error's class and text")
            chosen.add_argument("--reason", default="", help="exhausted, timeout, poison, unknown_task …")
        retry.add_argument("--rate", type=float, help="at most so many a second")
        retry.add_argument("--why", default="")
        discard.add_argument("--why", required=True, help="why this need not be done")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"_{options['act']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        chosen = _chosen(options)
        for letter in chosen[: options["limit"]]:
            self.stdout.write(
                f"{letter.pk:>10}  {letter.dead_at:%Y-%m-%d %H:%M}  {letter.queue:<13} {letter.school or '-':<16} "
                f"{letter.task:<40} {letter.reason:<16} "
                f"{letter.error_class}: {visible(letter.error.splitlines()[0]) if letter.error else ''}"
            )
        self.stdout.write(f"{chosen.count()} dead letters")

    def _show(self, options: dict[str, Any]) -> None:
        letter = desk.letter(options["id"])
        self.stdout.write(
            f"job {letter.pk}\nschool    {letter.school or '- (the platform)'}\n"
            f"queue     {letter.queue}\ntask      {letter.task}\n"
            f"enqueued  {letter.created_at:%Y-%m-%d %H:%M:%S}\ndied      {letter.dead_at:%Y-%m-%d %H:%M:%S}\n"
            f"reason    {letter.reason}: {letter.get_reason_display()}\n"
            f"tries     {letter.attempts}, crashes {letter.crashes}\n"
            f"payload   {visible(json.dumps(privacy.shape(letter.payload)))}\nmeta      {json.dumps(letter.meta)}"
        )
        for attempt in desk.attempts_of(letter.pk):
            self.stdout.write(
                f"\ntry {attempt.number} at {attempt.at:%Y-%m-%d %H:%M:%S} by {attempt.worker}: {attempt.outcome}"
            )
            # What a job raised may quote what a stranger typed, and a terminal obeys it.
            for line in (attempt.traceback or f"{attempt.error_class}: {attempt.error}").split("\n"):
                self.stdout.write(visible(line))

    def _retry(self, options: dict[str, Any]) -> None:
        ids = _ids(options)
        if options["dry_run"]:
            self.stdout.write(f"{len(ids)} dead letters would go back into the ledger")
            return
        revived = desk.retry(ids, by=AtTheTerminal(), why=options["why"], rate=options["rate"])
        self.stdout.write(f"{revived} dead letters went back into the ledger")

    def _discard(self, options: dict[str, Any]) -> None:
        ids = _ids(options)
        if options["dry_run"]:
            self.stdout.write(f"{len(ids)} dead letters would be discarded")
            return
        self.stdout.write(f"{desk.discard(ids, by=AtTheTerminal(), reason=options['why'])} dead letters were discarded")
        if owed := seen.settle(REDIS_AWAITED_S):
            self.stderr.write(
                f"Redis does not answer and may still remember {owed} of them: if so, the same is refused as enqueued"
                " already until 24 hours after it was."
            )


def _chosen(options: dict[str, Any]) -> Any:
    return desk.letters(**{name: options[name] for name in ("queue", "school", "task", "error", "reason")})


def _ids(options: dict[str, Any]) -> list[int]:
    """The letters that ids and filters leave; ``CommandError`` where nothing narrows them down."""
    filtered = options["school"] is not None or any(options[name] for name in ("queue", "task", "error", "reason"))
    if not (options["ids"] or filtered or options["all"]):
        raise CommandError("Name letters by id or by a filter, or say --all.")
    chosen = _chosen(options)
    if options["ids"]:
        missing = set(options["ids"]) - set(
            DeadLetter.objects.filter(pk__in=options["ids"]).values_list("pk", flat=True)
        )
        if missing:
            raise CommandError(f"There is no dead letter {', '.join(map(str, sorted(missing)))}.")
        chosen = chosen.filter(pk__in=options["ids"])
    return list(chosen.values_list("pk", flat=True))
