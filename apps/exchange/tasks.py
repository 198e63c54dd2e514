"""Reading a file, and applying and undoing an import: what strangers' files break, breaks alone in its process."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from apps.exchange import services
from apps.exchange.models import Import
from schoolops.queues import IMPORTS, task
from schoolops.queues.schedule import Schedule, schedule


@task(
    queue=IMPORTS,
    tracked=True,
    once_per=("import_id",),
    while_waiting=True,
    refused="discard",
    acts_for="imports.run over school",
)
def read_import(*, import_id: UUID) -> None:
    """Read a file into rows and compare them; one transaction, so that a killed one leaves nothing half-read."""
    services.read_and_validate(run=Import.objects.get(sourced_id=import_id))


@task(
    queue=IMPORTS,
    tracked=True,
    leased=True,
    once_per=("import_id",),
    while_waiting=True,
    refused="discard",
    tries=5,
    acts_for="imports.run over school",
)
def apply_import(*, import_id: UUID) -> None:
    """Chunk by chunk, each a transaction of its own; the next try goes on where this one was killed."""
    services.apply(run=Import.objects.get(sourced_id=import_id))


@task(
    queue=IMPORTS,
    tracked=True,
    once_per=("import_id",),
    while_waiting=True,
    refused="discard",
    acts_for="imports.run over school",
)
def undo_import(*, import_id: UUID) -> None:
    """One transaction: everything is taken back, or nothing."""
    services.undo(run=Import.objects.get(sourced_id=import_id))


@task(queue=IMPORTS, acts_for="the school")
def clear_old_imports() -> None:
    """Uploaded files and rows of what wrote nothing in a week, or was finished a month ago; line and counts stay."""
    services.clear_old_imports()


schedule(
    Schedule("exchange.clear-imports", clear_old_imports, every=dt.timedelta(days=1), offset=dt.timedelta(hours=4))
)
