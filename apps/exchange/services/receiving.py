"""A file comes in: its directory is looked at and no more, it is kept in the school's own folder, and read by a job."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import IO, Any, Literal

from django.db import transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.exchange import errors
from apps.exchange.events import ImportReceived
from apps.exchange.models import Counterpart, HeaderMapping, Import, ImportRow
from apps.exchange.services.changed import TABLES
from apps.exchange.services.kinds.alike import SAME
from apps.exchange.services.reading import archive, books, bundle_columns, sheets
from apps.institutions.models import Institution
from schoolops import clock, events, files
from schoolops.audit import trail

RUN = "imports.run"
# What is settled once a row is there: ours stays, whatever a file says and anybody asks.
SETTLED = frozenset({"institution", "year", "grade", "grade_level", "guardian", "status"})
# Rows that are named one by one; who means more means the column.
MOST_TAKEN = 1000
# As long as the column in which every row of it says where it came from.
_NAME_LENGTH = ImportRow._meta.get_field("file").max_length or 0


@transaction.atomic
def receive(
    *,
    file: IO[bytes],
    name: str,
    by: User,
    source: str = "",
    institution: Institution | None = None,
    in_background: bool = False,
) -> Import:
    """Keep a file that was sent, once it looks like a roster. ``source`` is guessed where it is not said, when headers
    are read.

    ``in_background``: a worker reads it; otherwise whoever calls does, with ``read_and_validate``.

    Raises:
        PermissionMissing; FileTooLarge, FileKindUnknown, and what is wrong with an archive's directory.
    """
    access.require_everywhere(by, RUN)
    plain = PurePosixPath(name.replace("\\", "/")).name.strip() or "roster"
    size = file.seek(0, 2)
    if size > archive.LARGEST_UPLOAD:
        raise errors.FileTooLarge(most=archive.LARGEST_UPLOAD // archive.MEGABYTE)
    run = Import(
        source=_source(file, plain, source),
        file_name=plain[-_NAME_LENGTH:],
        institution=institution,
        by=by,
        received_at=clock.now(),
        moved_at=clock.now(),
        sha256=_digest(file),
    )
    file.seek(0)
    # Under a name of ours: what a stranger calls a file is only ever shown.
    files.keep(run.file, file, suffix=PurePosixPath(plain).suffix.lower()[:5])
    run.save(force_insert=True)
    trail.record(by, "exchange.import-received", run, after={"file": run.file_name, "sha256": run.sha256})
    if in_background:
        events.publish(ImportReceived(run.pk))
    return run


def _digest(file: IO[bytes]) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def _source(file: IO[bytes], name: str, source: str) -> str:
    """What the file holds, as far as an archive's directory and a name say; ``""``: its headers will.

    Raises:
        FileKindUnknown, and what looking at a directory raises.
    """
    file.seek(0)
    head = file.read(512)
    said = source if source in sheets.TEMPLATES else ""
    if head.startswith(books.COMPOUND):
        return said
    if head.startswith(b"PK\x03\x04") or zipfile.is_zipfile(file):
        if b"mimetypeapplication/vnd.oasis.opendocument" in head and b"opendocument.spreadsheet" not in head:
            raise errors.OtherSpreadsheet(kind="OpenDocument")
        if other := archive.other_book(names := archive.directory(file)):
            raise errors.OtherSpreadsheet(kind=other)
        return said if archive.is_book(names) else Import.Source.ONEROSTER
    if name.lower().endswith((".zip", ".xlsx", ".ods")):
        raise errors.ArchiveDamaged(why="it does not begin as one")
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        # What some systems call XLS is a page of the web, or XML.
        raise errors.OtherSpreadsheet(kind="HTML, XML")
    if not name.lower().endswith((".csv", ".txt", ".tsv", ".xls")):
        raise errors.FileKindUnknown
    return said


def known_headers() -> dict[str, dict[str, str]]:
    """What this school said of headers before, by source."""
    known: dict[str, dict[str, str]] = {source: {} for source in Import.Source.values}
    for source, header, field in HeaderMapping.objects.order_by("pk").values_list("source", "header", "field"):
        # Folded anew: those from before may hold accents.
        known.setdefault(source, {})[sheets.folded(header)] = field
    return known


def known_orders(run: Import) -> dict[str, str]:
    """Source → how days are written in such files, as was said of the last one; of ``run``, what is said of it."""
    said = Import.objects.exclude(day_order="").order_by("source", "received_at", "pk")
    known = dict(said.values_list("source", "day_order"))
    return dict.fromkeys(Import.Source.values, run.day_order) if run.day_order else known


def fields_of(source: str) -> dict[str, str]:
    """Field → what it is called, of all that files of ``source`` may hold; of a bundle ``users.givenName``."""
    if source == Import.Source.ONEROSTER:
        files = bundle_columns.FILES.items()
        return {f"{file}.{column.header}": column.header for file, columns in files for column in columns}
    return {field: column.header for field, column in sheets.fields_of(source).items()}


@transaction.atomic
def map_headers(  # noqa: PLR0913 - what may be said of a file, all by keyword
    *,
    run: Import,
    mapping: Mapping[str, str],
    source: str = "",
    sheet: str = "",
    day_order: str = "",
    same: Mapping[int, bool] | None = None,
    take: Mapping[str, Sequence[int] | Literal[True]] | None = None,
    by: User,
    in_background: bool = False,
) -> Import:
    """Say which field each header holds (``""``: none), for this file and for the school's next ones; and of this file,
    where it is read otherwise than it was meant, what it holds and which of its sheets.

    ``day_order``: ``D/M`` or ``M/D``, how its days are written where none of them says; of the next such files as well.

    ``same``: row → whether it is who it may be; kept for the school's next files as well.

    ``take``: ``student.birth_date`` → where the file's value is taken over one that a person set, in every row
    (``True``) or these; of this file alone, and all that is to be. What is not in it stays as a person set it.

    The file is to be read again afterwards.

    Raises:
        PermissionMissing, ImportNotReady, MappingRefused.
    """
    access.require_everywhere(by, RUN)
    run = Import.objects.select_for_update().get(pk=run.pk)
    allowed = {Import.State.RECEIVED, Import.State.VALIDATED, Import.State.FAILED}
    if run.state not in allowed or run.cleared_at is not None or not (run.source or source or sheet):
        raise errors.ImportNotReady(state=run.state)
    is_bundle = run.source == Import.Source.ONEROSTER
    if source and (is_bundle or source not in sheets.TEMPLATES):
        raise errors.MappingRefused(field=source)
    if day_order not in {"", "D/M", "M/D"}:
        raise errors.MappingRefused(field=day_order)
    was, run.source = run.source, source or run.source
    fields = fields_of(run.source).keys()
    for header, field in mapping.items():
        if header not in run.headers or (field and field not in fields):
            raise errors.MappingRefused(field=field or header)
    before = {"mapping": run.mapping, **({} if take is None else {"takes": run.takes})}
    if take is not None:
        run.takes = _taken(run, take)
    elif (source and source != was) or (sheet and sheet != run.sheet):
        # The rows of another sheet are other people's.
        run.takes = {of: where for of, where in run.takes.items() if where is True}
    for row, answer in _asked(run, same or {}):
        _keep_answer(row, answer)
    said = {sheets.folded(header): field for header, field in mapping.items()}
    HeaderMapping.objects.bulk_create(
        [HeaderMapping(source=run.source, header=header, field=field) for header, field in said.items()],
        update_conflicts=True,
        unique_fields=["source", "header"],
        update_fields=["field"],
    )
    # What is not said here is found by the headers when it is read.
    read_anew = is_bundle or source or sheet
    run.mapping = {} if read_anew else sheets.matched(run.source, run.headers, known_headers().get(run.source, {}))
    run.sheet = sheet or run.sheet
    run.day_order = day_order or run.day_order
    run.state, run.problem, run.job_id, run.moved_at = Import.State.RECEIVED, None, None, clock.now()
    run.of = 0
    changed = ["mapping", "source", "sheet", "day_order", "takes", "state", "problem", "job_id", "moved_at", "of"]
    run.save(update_fields=changed)
    answers = {"answers": len(same)} if same else {}
    after = {"mapping": run.mapping, **answers, **({} if take is None else {"takes": run.takes})}
    trail.record(by, "exchange.headers-mapped", run, before=before, after=after)
    if in_background:
        events.publish(ImportReceived(run.pk))
    return run


def _taken(run: Import, asked: Mapping[str, Sequence[int] | Literal[True]]) -> dict[str, Any]:
    """As an import remembers it. Raises ``MappingRefused``."""
    numbers = {pk for where in asked.values() if where is not True for pk in where}
    rows = {row.pk: row for row in ImportRow.objects.filter(run=run, pk__in=numbers)} if numbers else {}
    if len(numbers) > MOST_TAKEN or len(rows) < len(numbers):
        raise errors.MappingRefused(field=str(min(numbers - rows.keys(), default=len(numbers))))
    found: dict[str, Any] = {}
    for of, where in asked.items():
        kind, _, name = of.partition(".")
        if kind not in TABLES or name in SETTLED or not name.isidentifier():
            raise errors.MappingRefused(field=of)
        found[of] = True if where is True else sorted(rows[pk].place for pk in where)
    return found


def _asked(run: Import, answers: Mapping[int, bool]) -> list[tuple[ImportRow, bool]]:
    """The rows that were asked about. Raises ``MappingRefused`` where one was not."""
    rows = ImportRow.objects.in_bulk(answers)
    found = [(rows[pk], answer) for pk, answer in answers.items() if pk in rows and rows[pk].run_id == run.pk]
    if len(found) < len(answers):
        raise errors.MappingRefused(field=str(next(iter(answers))))
    return found


def _keep_answer(row: ImportRow, answer: bool) -> None:  # noqa: FBT001 - what was said
    """Remember with whom a row may be whether it is."""
    for error in row.errors:
        if error["code"] != errors.MayBeTheSame.code:
            continue
        person = TABLES[row.kind].objects.filter(sourced_id=error["facts"]["other_id"]).first()
        if person is not None:
            kept, _ = Counterpart.objects.get_or_create(kind=row.kind, row_id=person.pk)
            kept.values[f"{SAME}{row.key}"] = "true" if answer else "false"
            kept.save(update_fields=["values"])
