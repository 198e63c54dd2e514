"""``manage.py school backup | verify | restore | move | diff | drill | nightly``: one school as a file, and back.

    manage.py school backup oak
    manage.py school restore FILE --identity KEYFILE --into oak-before
    manage.py school restore FILE --identity KEYFILE --over oak
    manage.py school move oak --to north

Secret keys are read from files and never stand on a command line.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError

from schoolops.audit.models import AuditEntry
from schoolops.context import inside
from schoolops.copies import comparing, drilling, moving, persons, reading, restoring, sealed, taking
from schoolops.copies.errors import NoBackupFolder
from schoolops.errors import SchoolOpsError
from schoolops.rows import refuse_too_long
from schoolops.tenancy import fleet, lifecycle
from schoolops.tenancy.management.commands._school import OperatorCommand
from schoolops.tenancy.models import SchoolState


class Command(OperatorCommand):
    help = "Back one school up, restore it beside what it is now or in its place, move it to another server."

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(
            dest="act", required=True, metavar="backup | verify | restore | move | forget | diff | drill | nightly"
        )
        backup = acts.add_parser("backup", help="one file with all of a school, sealed for keys of age")
        backup.add_argument("slug", nargs="*")
        backup.add_argument("--all", action="store_true", help="every school that is active or suspended")
        self._where_to(backup)

        restore = acts.add_parser("restore", help="a school from a backup")
        self._of_a_file(restore)
        where = restore.add_mutually_exclusive_group(required=True)
        where.add_argument("--into", metavar="SLUG", help="a new school of this name, suspended")
        where.add_argument("--over", metavar="SLUG", help="in the place of this school, which is kept for 30 days")
        restore.add_argument("--domain", action="append", default=[], help="where the new school answers once resumed")
        restore.add_argument("--confirm", help="the short name of the school that gives its place; asked for otherwise")

        self._of_a_file(acts.add_parser("verify", help="read a backup to its end and say what it is"))

        self._where_to(acts.add_parser("nightly", help="backup --all and a drill: what the timer starts"))

        diff = acts.add_parser("diff", help="what a school has that a copy of it has not, and the other way round")
        diff.add_argument("now", metavar="SLUG")
        diff.add_argument("then", metavar="COPY")
        diff.add_argument("--table", help="its rows that differ, a line of JSON each")

        export = acts.add_parser("export", help="everything about one person, as an archive to read")
        self._of_a_person(export)
        export.add_argument("--to", type=Path, required=True, help="a file that is not there yet")
        export.add_argument("--recipient", action="append", default=[], help="age1…: seal it for this key")

        erase = acts.add_parser("erase", help="blank one person, but for what a law keeps; --plan comes first")
        self._of_a_person(erase)
        erase.add_argument("--plan", action="store_true", help="say what would be done, and the code of this plan")
        erase.add_argument("--planned", metavar="CODE", help="carry out the plan of this code")

        move = acts.add_parser("move", help="to the server of another cell, while it works but for a moment")
        move.add_argument("slug")
        move.add_argument("--to", required=True, metavar="CELL", help="`manage.py cells` lists them")

        forget = acts.add_parser("forget", help="remove what a school was here that was moved; there is no way back")
        forget.add_argument("slug")
        forget.add_argument("--confirm", help="its short name; asked for otherwise")

        drill = acts.add_parser("drill", help="back up, restore beside, compare row for row, and take away again")
        drill.add_argument("slug", nargs="?", help="whose turn it is by default: one a night, in turn")

    @staticmethod
    def _of_a_person(parser: CommandParser) -> None:
        parser.add_argument("slug")
        who = parser.add_mutually_exclusive_group(required=True)
        for kind in sorted(persons.kinds()):
            who.add_argument(f"--{kind}", metavar="ID", help="public id, or number where there is one")
        parser.add_argument("--reason", default="", help="who asked for it, for the trail of the school")

    @staticmethod
    def _where_to(parser: CommandParser) -> None:
        parser.add_argument("--folder", help="where it is put; BACKUP_FOLDER by default")
        parser.add_argument("--recipient", action="append", default=[], help="age1…, instead of BACKUP_RECIPIENTS")

    @staticmethod
    def _of_a_file(parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--identity", type=Path, required=True, help="the file with the secret key of a recipient")
        parser.add_argument(
            "--from-elsewhere", action="store_true", help="take what another installation made, which we cannot check"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"_{options['act']}")(options)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _backup(self, options: dict[str, Any]) -> None:
        folder = options["folder"] or settings.BACKUP_FOLDER
        if not folder:
            raise NoBackupFolder
        if bool(options["slug"]) == options["all"]:
            raise CommandError("Name schools, or say --all.")
        slugs = options["slug"]
        if options["all"]:
            slugs = [each.slug for each in fleet.made_schools() if each.state != SchoolState.DELETED]
        failed = []
        for slug in slugs:
            try:
                self._back_up(slug, Path(folder), options["recipient"] or settings.BACKUP_RECIPIENTS)
            except (SchoolOpsError, OSError, DatabaseError, psycopg.Error) as refused:
                if len(slugs) == 1 and isinstance(refused, SchoolOpsError):
                    raise
                failed.append(slug)
                self.stderr.write(f"{slug}: {refused}")
        if failed:
            raise CommandError(f"Not backed up: {', '.join(failed)}.")

    def _nightly(self, options: dict[str, Any]) -> None:
        try:
            self._backup(options | {"slug": [], "all": True})
        finally:
            self._drill({"slug": None})

    def _back_up(self, slug: str, folder: Path, recipients: list[str]) -> None:
        taken = taking.back_up(slug=slug, folder=folder, recipients=recipients, progress=self._say)
        self._say(f"{taken.path}: {taken.rows} rows, {taken.length} bytes, SHA-256 {taken.sha256}")

    def _verify(self, options: dict[str, Any]) -> None:
        keys = sealed.identities_in(options["identity"])
        found = restoring.verify(options["file"], keys=keys, from_elsewhere=options["from_elsewhere"])
        head, manifest = found.head, found.manifest
        rows = sum(each.rows for each in manifest.tables.values())
        self._say(f"{head.slug} ({head.name}) of {head.taken_at}, made by release {head.release}")
        self._say(f"{rows} rows of {len(head.tables)} tables; whole")
        if manifest.missing:
            self._say(f"{len(manifest.missing)} files that rows named were not stored")
        if manifest.waiting:
            self._say(f"{sum(manifest.waiting.values())} jobs were waiting, which a backup does not hold")

    def _restore(self, options: dict[str, Any]) -> None:
        shared = {key: options[key] for key in ("file", "from_elsewhere")}
        shared["keys"] = sealed.identities_in(options["identity"])
        if options["into"]:
            school = restoring.restore_beside(
                slug=options["into"], domains=options["domain"], progress=self._say, **shared
            )
            self._say(f"{school.slug} stands, suspended, with no login that opens it.")
            return
        if options["domain"]:
            raise CommandError("--domain goes with --into: the school keeps its addresses.")
        school = lifecycle.get_school(options["over"])
        typed = options["confirm"] or input(f"Type the short name of {school.name} to put the backup in its place: ")
        new, old = restoring.restore_over(slug=school.slug, typed=typed.strip(), progress=self._say, **shared)
        self._say(f"{new.slug} is what the backup says. What it was is kept for 30 days as {old.slug}.")

    def _diff(self, options: dict[str, Any]) -> None:
        now, then = (lifecycle.get_school(options[name]) for name in ("now", "then"))
        if options["table"]:
            for row in comparing.rows(now, then, table=options["table"]):
                self._say(json.dumps(row, ensure_ascii=False))
            return
        found = comparing.differences(now, then)
        self._say(f"{'table':<44}{'only ' + now.slug:>24}{'only ' + then.slug:>24}{'changed':>12}")
        for each in found:
            self._say(f"{each.table:<44}{each.only_now:>24}{each.only_then:>24}{each.changed:>12}")
        self._say(f"{len(found)} tables differ")

    def _drill(self, options: dict[str, Any]) -> None:
        slug = options["slug"] or drilling.next_school()
        if slug is None:
            self._say("There is no school whose turn it could be.")
            return
        came = drilling.drill(slug=slug, progress=self._say)
        self._say(
            f"{slug}: {came.rows} rows, {came.bytes} bytes; backed up in {came.backup_seconds:.1f} s,"
            f" restored in {came.restore_seconds:.1f} s; row for row the same"
        )

    def _move(self, options: dict[str, Any]) -> None:
        came = moving.move(slug=options["slug"], to=options["to"], progress=self._say)
        self._say(
            f"{came.slug} is in {came.cell}: {came.rows} rows, each the same; copied in {came.copy_seconds:.1f} s, then"
            f" read-only for {came.readonly_seconds:.2f} s, when {came.followed} rows and {came.jobs} jobs followed."
        )
        self._say(f"Let the proxy read `manage.py cells --hosts` anew. When all is well: school forget {came.slug}")

    def _forget(self, options: dict[str, Any]) -> None:
        slug = options["slug"]
        typed = options["confirm"] or input(f"Type {slug} to remove for good what it was here: ")
        moving.remove_old_copy(slug=slug, typed=typed.strip())
        self._say(f"{slug}: what it was here is gone.")

    def _person(self, options: dict[str, Any]) -> Any:
        ((kind, called),) = [(kind, options[kind]) for kind in persons.kinds() if options[kind]]
        return persons.find(kind, called)

    def _reason(self, options: dict[str, Any]) -> str:
        said: str = options["reason"]
        if not said:
            raise CommandError("--reason: who asked for it, for the trail of the school.")
        refuse_too_long(AuditEntry(reason=said), ["reason"])
        return said

    def _export(self, options: dict[str, Any]) -> None:
        reason = self._reason(options)
        keys = sealed.recipients_of(options["recipient"])
        path: Path = options["to"]
        with inside(lifecycle.get_school(options["slug"])):
            person = self._person(options)
            try:
                with taking.written(path, beside=path.with_name(f".{path.name}.partial")) as target:
                    if keys:
                        with sealed.sealing(target, keys) as stream:
                            rows = reading.write(person, stream, reason=reason)
                    else:
                        rows = reading.write(person, target, reason=reason)
            except OSError as refused:
                raise CommandError(f"{path} cannot be written: {refused}") from refused
        self._say(f"{path}: {rows} rows. It is full of one person: hand it to nobody else.")

    def _erase(self, options: dict[str, Any]) -> None:
        if options["plan"] == bool(options["planned"]):
            raise CommandError("Say --plan first, then --planned with its code.")
        with inside(lifecycle.get_school(options["slug"])):
            person = self._person(options)
            if options["plan"]:
                self._tell(persons.plan(person))
                return
            done = persons.erase(person, planned=options["planned"], reason=self._reason(options))
        kept = f" The name is kept until {done.identity_until}." if done.identity_until else ""
        self._say(f"Done.{kept}")

    def _tell(self, plan: persons.Plan) -> None:
        for line in plan.lines:
            what = f"{line.fate} under {line.law} until {line.until}" if line.law else line.fate
            blanked = f"; blanked: {', '.join(line.blanked)}" if line.blanked else ""
            self._say(f"{line.model:<36}{line.by:<16}{line.rows:>8}  {what}{blanked}")
        if plan.identity_until:
            self._say(f"Who it was (name, number, birth) is kept until {plan.identity_until}; erase again then.")
        else:
            self._say("Who it was goes too.")
        for why in plan.stays:
            self._say(f"Not yet: {why}.")
        self._say(f"code {plan.code}")
