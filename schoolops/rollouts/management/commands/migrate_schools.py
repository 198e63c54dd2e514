"""``manage.py migrate_schools [--plan] [--canary oak,elm] [--parallel N] [--continue] [--status]``"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from schoolops.context import outside_schools
from schoolops.rollouts import releasing
from schoolops.rollouts.management.commands.migrate import Command as Migrate
from schoolops.rollouts.models import Kind, Rollout, Step, StepState
from schoolops.tenancy import fleet, owner

MOST_PROCESSES = 16


class Command(Migrate):
    help = (
        "Bring every school up to the code as `migrate` does, some schools first (--canary) and some at a time "
        "(--parallel). What was interrupted or failed is gone on with by running it again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--plan", action="store_true", help="say which schools lack what, and change nothing")
        parser.add_argument("--status", action="store_true", help="say how far the last rollout is")
        parser.add_argument("--canary", default="", help="schools that go first, as in oak,elm; then it waits")
        parser.add_argument(
            "--continue", action="store_true", dest="go_on", help="the canaries are well: the others too"
        )
        parser.add_argument("--parallel", type=int, default=1, metavar="N", help="processes that work at once")
        # What --parallel starts.
        parser.add_argument("--worker", type=int, help="(internal) the rollout to work on")
        parser.add_argument("--canaries", action="store_true", help="(internal) its canaries")
        parser.add_argument("--others", action="store_true", help="(internal) its other schools")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["worker"]:
            self._work(options["worker"], canary=options["canaries"])
        elif options["plan"]:
            self._plan()
        elif options["status"]:
            self._status()
        else:
            self._release(options)

    def _release(self, options: dict[str, Any]) -> None:
        if not 1 <= options["parallel"] <= MOST_PROCESSES:
            raise CommandError(f"--parallel is between 1 and {MOST_PROCESSES}.")
        canaries = [slug.strip() for slug in options["canary"].split(",") if slug.strip()]
        with owner.one_at_a_time("migrate"):
            self.bring_up_shared(verbosity=options["verbosity"])
            outcome = self.bring_up_schools(canaries=canaries, parallel=options["parallel"], go_on=options["go_on"])
        if outcome.waits_for:
            self.stdout.write(
                f"{', '.join(outcome.waits_for)} have it; the others wait. Look at them, then:"
                " manage.py migrate_schools --continue"
            )

    def say(self, step: Step, done: int, total: int) -> None:
        took = f"{(step.ended_at - step.began_at).total_seconds():.1f} s" if step.began_at and step.ended_at else ""
        line = f"[{done}/{total}] {step.school}: {step.failure or f'migrated ({took})'}"
        (self.stderr if step.failure else self.stdout).write(line)

    def _work(self, number: int, *, canary: bool) -> None:
        with outside_schools():
            for _ in releasing.work(Rollout.objects.get(pk=number), canary=canary):
                pass

    def _plan(self) -> None:
        now = releasing.standing()
        for school in now.without_schema:
            self.stdout.write(f"{school.slug}: its schema {school.schema_name} is not in the database")
        for school in now.unfinished:
            remedy = school.state_reason or f"run create_school {school.slug} again"
            self.stdout.write(f"{school.slug}: still being made; {remedy}")
        for lack in now.lacking:
            parts = {"migrations": lack.migrations, "indexes": lack.indexes.names}
            said = "; ".join(f"{what} {', '.join(names)}" for what, names in parts.items() if names)
            self.stdout.write(f"{lack.school.slug}: {said or 'first contents to be offered'}")
        self.stdout.write(f"{len(now.lacking)} of {len(fleet.made_schools())} schools are behind.")

    def _status(self) -> None:
        with outside_schools():
            rollout = Rollout.objects.filter(kind=Kind.RELEASE).order_by("-pk").first()
            if rollout is None:
                self.stdout.write("Nothing has been rolled out yet.")
                return
            began = f"{rollout.began_at:%Y-%m-%d %H:%M}"
            self.stdout.write(f"Begun {began} UTC: {rollout.get_stage_display()}.")
            for state in StepState:
                self.stdout.write(f"{state.label}: {rollout.steps.filter(state=state).count()}")
            for step in rollout.steps.filter(state=StepState.FAILED).order_by("school"):
                self.stdout.write(f"{step.school}, tried {step.attempts} times: {step.failure}")
