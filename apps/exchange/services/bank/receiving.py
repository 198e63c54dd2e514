"""A bank's file comes in and is kept; a job reads it, and lays its lines beside what is owed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import IO

from django.db import transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.exchange import errors
from apps.exchange.events import BankFileReceived
from apps.exchange.models import HeaderMapping
from apps.exchange.services.bank import columns
from apps.exchange.services.bank.reading import Statement, is_xml
from apps.exchange.services.reading import archive, books, sheets
from apps.exchange.services.reading.cells import problem_of
from apps.fees import services as fees
from apps.fees.errors import BankStatementNotReady
from apps.fees.models import BankLine, BankStatement
from apps.institutions.models import Institution
from schoolops import events
from schoolops.audit import trail
from schoolops.errors import SchoolOpsError, Unavailable

COLLECT = "fees.collect"
State = BankStatement.State
_LISTS = (".csv", ".txt", ".tsv", ".asc")


@transaction.atomic
def receive_statement(*, institution: Institution, file: IO[bytes], name: str, by: User) -> BankStatement:
    """Keep a bank's file, and let a worker read it; the same file again is the one that is there.

    Raises:
        PermissionMissing, OutOfReach, FileTooLarge, BankFileUnknown.
    """
    access.require_at(by, COLLECT, institution)
    if file.seek(0, 2) > archive.LARGEST_UPLOAD:
        raise errors.FileTooLarge(most=archive.LARGEST_UPLOAD // archive.MEGABYTE)
    plain = PurePosixPath(name.replace("\\", "/")).name.strip() or "statement"
    suffix = PurePosixPath(plain).suffix.lower()[:5]
    file.seek(0)
    is_list = books.is_book(file.read(8)) or suffix in _LISTS
    if not is_xml(file) and not is_list:
        raise errors.BankFileUnknown
    row = fees.keep_statement(institution=institution, file=file, name=plain, suffix=suffix, by=by)
    if row.state != State.READ:
        events.publish(BankFileReceived(row.pk))
    return row


@transaction.atomic
def map_statement(*, statement: BankStatement, mapping: Mapping[str, str], day_order: str = "", by: User) -> None:
    """Say which field each header holds (``""``: none), for this file and the school's next ones, and how its days are
    written (``D/M`` or ``M/D``). It is read again; what it brought stays, each line once.

    Raises:
        PermissionMissing, OutOfReach, BankStatementNotReady, MappingRefused.
    """
    access.require_at(by, COLLECT, statement.institution)
    held = BankStatement.objects.select_for_update(no_key=True).get(pk=statement.pk)
    # Whoever takes one at this moment has it, or finds it gone.
    states = held.lines.order_by("pk").select_for_update().values_list("state", flat=True)
    if not held.headers or not held.file or {*states} - {BankLine.State.WAITING}:
        raise BankStatementNotReady
    for header, field in mapping.items():
        if header not in held.headers or (field and field not in columns.BY_FIELD):
            raise errors.MappingRefused(field=field or header)
    if day_order not in {"", "D/M", "M/D"}:
        raise errors.MappingRefused(field=day_order)
    said = {sheets.folded(header): field for header, field in mapping.items()}
    HeaderMapping.objects.bulk_create(
        [HeaderMapping(source=columns.SOURCE, header=header, field=field) for header, field in said.items()],
        update_conflicts=True,
        unique_fields=["source", "header"],
        update_fields=["field"],
    )
    before = held.mapping
    held.mapping = {}
    held.day_order, held.state, held.problem = day_order or held.day_order, State.RECEIVED, None
    held.save(update_fields=["mapping", "day_order", "state", "problem"])
    # Read otherwise they are other lines; none of these is anybody's yet.
    held.lines.all().delete()
    trail.record(by, "fees.bank-statement-mapped", held, before={"mapping": before}, after={"mapping": dict(mapping)})
    events.publish(BankFileReceived(held.pk))


def read_statement(statement: BankStatement) -> BankStatement:
    """Read the kept file into lines and lay them beside what is owed. Doing it again keeps nothing twice: killed
    anywhere, the next try reads anew.

    A file that cannot be read is then ``failed``, and ``problem`` says why.

    Raises:
        BankStatementNotReady: its file is cleared by now.
    """
    if not statement.file:
        raise BankStatementNotReady
    campus = statement.institution
    known = HeaderMapping.objects.filter(source=columns.SOURCE).order_by("pk").values_list("header", "field")
    order = statement.day_order or _known_order(campus)
    reading = Statement(statement.file_name, campus.currency, {}, dict(known), order)
    problem = None
    count = 0
    try:
        with statement.file.open("rb") as file:
            count = fees.keep_lines(statement, reading.lines(file))
    except Unavailable:
        raise
    except SchoolOpsError as refusal:
        problem = problem_of(refusal)
        # What cannot be read to its end is not read.
        BankLine.objects.filter(statement=statement, state=BankLine.State.WAITING).delete()
    # Lines are laid beside what is owed with regard to whose account it is.
    BankStatement.objects.filter(pk=statement.pk).update(account=reading.found.get("account", ""))
    new = BankLine.objects.filter(statement=statement)
    fees.match_lines(new, campus)
    found = {**reading.found}
    brought = new.count()
    found["counts"] = {**found.get("counts", {}), "new": brought, "known": count - brought}
    fees.settle_statement(statement, found, problem=problem)
    return statement


def _known_order(campus: Institution) -> str:
    said = BankStatement.objects.filter(institution=campus).exclude(day_order="")
    return said.order_by("-pk").values_list("day_order", flat=True).first() or ""
