"""A file of marks comes in: it is kept in the school's own folder, and read by a job."""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath
from typing import IO
from uuid import UUID

from django.db import transaction

from apps.accounts.models import User
from apps.examinations import selectors
from apps.exchange import errors
from apps.exchange.events import MarksReceived
from apps.exchange.models import MarkFile
from apps.exchange.services.reading import archive, books
from schoolops import clock, events, files
from schoolops.audit import trail
from schoolops.folding import composed

LONGEST_NAME = 200


@transaction.atomic
def receive_marks(*, session: UUID, file: IO[bytes], name: str, by: User, paper: UUID | None = None) -> MarkFile:
    """Keep a file of marks, and let a worker lay it beside the papers; nothing is entered before it is confirmed.

    ``paper``: the only one it may be about.

    Raises:
        PermissionMissing, OutOfReach, SessionUnknown, PaperUnknown; FileTooLarge, MarkFileKindUnknown.
    """
    found = selectors.session_marked(session, by=by)
    if paper is not None:
        selectors.paper_of(paper, "marks.enter", by)
    if file.seek(0, 2) > archive.LARGEST_UPLOAD:
        raise errors.FileTooLarge(most=archive.LARGEST_UPLOAD // archive.MEGABYTE)
    file.seek(0)
    if not books.is_book(file.read(8)):
        raise errors.MarkFileKindUnknown
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    plain = composed(PurePosixPath(name.replace("\\", "/")).name.strip()) or "marks"
    run = MarkFile(
        session=found, paper=paper, file_name=plain[-LONGEST_NAME:], sha256=digest, by=by, received_at=clock.now()
    )
    file.seek(0)
    files.keep(run.file, file, suffix=PurePosixPath(plain).suffix.lower()[:5])
    run.save(force_insert=True)
    trail.record(by, "exchange.marks-received", run, after={"file": run.file_name, "sha256": digest})
    events.publish(MarksReceived(run.pk))
    return run
