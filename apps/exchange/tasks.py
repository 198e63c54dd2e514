"""Reading a file, and applying and undoing an import: what strangers' files break, breaks alone in its process."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from apps.exchange import services
from apps.exchange.models import Import, MarkFile
from apps.fees import services as fees
from apps.fees.models import BankStatement
from schoolops.queues import IMPORTS, long_task, task
from schoolops.queues.schedule import Schedule, schedule

# A try that ends by its time is one of these; whoever is killed leaves what is written, and the next goes on there.
_TRIES = 5


@long_task(queue=IMPORTS, once_per=("import_id",), tries=_TRIES, acts_for="imports.run over school")
def read_import(*, import_id: UUID) -> None:
    """Read a file into rows and compare them, chunk by chunk."""
    services.read_and_validate(run=Import.objects.get(sourced_id=import_id))


@long_task(queue=IMPORTS, once_per=("import_id",), tries=_TRIES, acts_for="imports.run over school")
def apply_import(*, import_id: UUID) -> None:
    """Write what was confirmed, chunk by chunk."""
    services.apply(run=Import.objects.get(sourced_id=import_id))


@long_task(queue=IMPORTS, once_per=("import_id",), tries=_TRIES, acts_for="imports.run over school")
def undo_import(*, import_id: UUID) -> None:
    """Take back what was written, chunk by chunk."""
    services.undo(run=Import.objects.get(sourced_id=import_id))


@long_task(queue=IMPORTS, once_per=("file_id",), acts_for="marks.enter over section")
def compare_marks(*, file_id: int) -> None:
    """Lay a sheet of marks beside its papers; doing it twice changes nothing."""
    services.compare_marks(MarkFile.objects.select_related("by").get(pk=file_id))


@task(
    queue=IMPORTS,
    tracked=True,
    once_per=("file_id",),
    while_waiting=True,
    refused="discard",
    acts_for="marks.enter over section",
)
def apply_marks(*, file_id: int) -> None:
    """Enter what was confirmed of a sheet of marks; doing it twice changes nothing."""
    services.apply_marks(MarkFile.objects.select_related("by").get(pk=file_id))


@long_task(queue=IMPORTS, once_per=("statement",), acts_for="fees.collect over campus")
def read_bank_statement(*, statement: int) -> None:
    """Read a bank's file and lay its lines beside what is owed; doing it twice keeps nothing twice."""
    services.read_statement(BankStatement.objects.select_related("institution").get(pk=statement))


@task(queue=IMPORTS, acts_for="the school")
def clear_old_imports() -> None:
    """Uploaded files and rows of what wrote nothing in a week, or was finished a month ago; line and counts stay."""
    services.clear_old_imports()
    services.clear_old_marks()
    services.clear_old_bank_files()
    fees.forget_old_payers()


schedule(
    Schedule("exchange.clear-imports", clear_old_imports, every=dt.timedelta(days=1), offset=dt.timedelta(hours=4))
)
