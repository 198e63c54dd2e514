"""``manage.py indexes plan | apply | status | verify | rollback | drop | report | analyze``"""

from __future__ import annotations

import datetime as dt
import json
import re
import signal
import sys
from types import FrameType
from typing import Any

from django.core.management.base import CommandError, CommandParser

from schoolops.context import outside_schools
from schoolops.indexes import building
from schoolops.rollouts import indexing
from schoolops.rollouts.models import Kind, Rollout, Stage, Step, StepState
from schoolops.tenancy import owner
from schoolops.tenancy.management.commands._school import OperatorCommand

DRIFT = 2
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


class Command(OperatorCommand):
    help = "The declared indexes in every school: how they differ, bringing them there, what the fleet says of them."

    def add_arguments(self, parser: CommandParser) -> None:
        parsers = parser.add_subparsers(dest="what", required=True)

        def command(name: str, says: str) -> CommandParser:
            made: CommandParser = parsers.add_parser(name, help=says)
            made.add_argument("--schools", default="*", metavar="PATTERN", help="slugs, as in oak*; all")
            return made

        for name, says in (
            ("plan", "say what would be built and dropped; exit 2 when anything would"),
            ("verify", "as plan, and compare definitions between schools; exit 2 when any differ"),
        ):
            command(name, says).add_argument("--json", action="store_true")
        applying = command("apply", "build what is missing or changed, drop what is declared no longer")
        applying.add_argument("--only", default="", metavar="NAMES", help="indexes, as in a,b; all")
        applying.add_argument("--max-wait", type=float, default=60.0, metavar="S", help="for others, at each try")
        applying.add_argument("--quiet-hours", default="", metavar="22:00-05:00", help="begin nothing outside them")
        command("status", "how far the last run is, and what is being built now")
        command("rollback", "drop what a run built").add_argument("run", type=int)
        command("drop", "drop one index everywhere").add_argument("name")
        command("report", "unused in every school, repeated, and bloated indexes")
        stale = command("analyze", "gather statistics of the schools' tables")
        stale.add_argument("--stale-only", action="store_true", help="of those that changed by a fifth")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"_{options['what']}")(indexing.schools(options["schools"]), options)

    # --- looking ------------------------------------------------------------------------------------------------------
    def _plan(self, schools: list[Any], options: dict[str, Any]) -> None:
        self._differences(schools, options, others=[])

    def _verify(self, schools: list[Any], options: dict[str, Any]) -> None:
        self._differences(schools, options, others=[(s.slug, name) for s, name in indexing.other_definitions(schools)])

    def _differences(self, schools: list[Any], options: dict[str, Any], *, others: list[tuple[str, str]]) -> None:
        found: dict[str, dict[str, list[str]]] = {}
        with owner.owner_connection() as asking:
            standing = list(indexing.standing(schools, asking))
        for each in standing:
            parts: dict[str, tuple[str, ...]] = {
                "missing": each.drift.missing,
                "changed": each.drift.changed,
                "no longer declared": each.drift.undeclared,
                "not valid": each.invalid,
                "made by hand": each.by_hand,
                "unlike other schools": tuple(name for slug, name in others if slug == each.school.slug),
            }
            if kept := {what: list(names) for what, names in parts.items() if names}:
                found[each.school.slug] = kept
        differing = sum(1 for kinds in found.values() if kinds.keys() - {"made by hand"})
        if options["json"]:
            self.stdout.write(json.dumps(found))
        else:
            for slug, kinds in found.items():
                said = "; ".join(f"{what}: {', '.join(names)}" for what, names in kinds.items())
                self.stdout.write(f"{slug}: {said}")
            self.stdout.write(f"{differing} of {len(schools)} schools differ from what is declared.")
        if differing:
            sys.exit(DRIFT)

    def _status(self, schools: list[Any], options: dict[str, Any]) -> None:
        with outside_schools():
            rollout = Rollout.objects.filter(kind=Kind.INDEXES).order_by("-pk").first()
            if rollout is None:
                self.stdout.write("No run yet.")
            else:
                began = f"{rollout.began_at:%Y-%m-%d %H:%M}"
                self.stdout.write(f"Run {rollout.pk}, begun {began} UTC: {rollout.get_stage_display()}.")
                for state in StepState:
                    self.stdout.write(f"{state.label}: {rollout.steps.filter(state=state).count()}")
                for step in rollout.steps.filter(state=StepState.FAILED).order_by("school", "item"):
                    self.stdout.write(f"{step.school} {step.item}, tried {step.attempts} times: {step.failure}")
        for schema, table, index, phase, done, total, locker in indexing.being_built():
            waits = f", waits for pid {locker}" if locker else ""
            self.stdout.write(f"now: {schema}.{index or table}: {phase}, {done} of {total} blocks{waits}")

    def _report(self, schools: list[Any], options: dict[str, Any]) -> None:
        said = indexing.report(schools)
        since = f" since {said.since:%Y-%m-%d}" if said.since else ""
        for index, table, number, size in said.unused:
            self.stdout.write(f"unused{since}: {index} on {table}, in {number} schools, {size / 1e6:.1f} MB")
        for index, other in said.repeated:
            self.stdout.write(f"repeated: {index} by {other}")
        for schema, index, size, times in said.bloated:
            remedy = f"REINDEX INDEX CONCURRENTLY {schema}.{index};"
            self.stdout.write(f"bloated: {schema}.{index}, {size / 1e6:.1f} MB, {times:.1f} times as usual. {remedy}")
        self.stdout.write(f"{len(schools)} schools were asked.")

    # --- changing -----------------------------------------------------------------------------------------------------
    def _apply(self, schools: list[Any], options: dict[str, Any]) -> None:
        hours = None
        if options["quiet_hours"]:
            if not (said := _HOURS.fullmatch(options["quiet_hours"])):
                raise CommandError("--quiet-hours is written 22:00-05:00.")
            first, second, third, fourth = map(int, said.groups())
            hours = (dt.time(first, second), dt.time(third, fourth))
        only = [name.strip() for name in options["only"].split(",") if name.strip()]
        patience = building.Patience(wait_s=options["max_wait"], attempts=1)
        earlier = signal.signal(signal.SIGTERM, _stop)
        try:
            with owner.one_at_a_time("indexes"):
                rollout = indexing.apply(schools, say=self._say, only=only, patience=patience, hours=hours)
        except KeyboardInterrupt:
            raise CommandError("Stopped; nothing half-built is left. Run it again to go on.", returncode=130) from None
        finally:
            signal.signal(signal.SIGTERM, earlier)
        if rollout is None:
            self.stdout.write("Every school has the indexes that are declared.")
        elif rollout.stage != Stage.DONE:
            with outside_schools():
                left = rollout.steps.exclude(state=StepState.DONE).count()
            raise CommandError(f"{left} indexes are left: manage.py indexes status says why. Run it again to go on.")

    def _say(self, step: Step) -> None:
        self.stdout.write(f"{step.school} {step.item}: {step.failure or 'done'}")

    def _rollback(self, schools: list[Any], options: dict[str, Any]) -> None:
        with owner.one_at_a_time("indexes"):
            indexing.take_back(
                options["run"], say=lambda step: self.stdout.write(f"{step.school} {step.item}: dropped")
            )

    def _drop(self, schools: list[Any], options: dict[str, Any]) -> None:
        with owner.one_at_a_time("indexes"):
            for school in schools:
                try:
                    indexing.drop(school, options["name"])
                except building.NotBuilt as refused:
                    raise CommandError(str(refused)) from refused
        self.stdout.write(f"{options['name']}: dropped in {len(schools)} schools. `apply` builds what is declared.")

    def _analyze(self, schools: list[Any], options: dict[str, Any]) -> None:
        number = indexing.analyse(schools, stale_only=options["stale_only"])
        self.stdout.write(f"{number} tables of {len(schools)} schools analysed.")


def _stop(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt
