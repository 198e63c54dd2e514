"""What follows for imports when somebody asks for it."""

from __future__ import annotations

from apps.exchange import tasks
from apps.exchange.events import (
    BankFileReceived,
    ImportConfirmed,
    ImportReceived,
    MarksConfirmed,
    MarksReceived,
    UndoBegun,
)
from apps.exchange.models import Import, MarkFile
from apps.fees.models import BankStatement
from schoolops.events import subscribe
from schoolops.queues import Task


def _enqueue(task: Task, import_id: int) -> None:
    run = Import.objects.only("sourced_id").get(pk=import_id)
    job = task.enqueue(import_id=run.sourced_id)
    Import.objects.filter(pk=import_id).update(job_id=job.job_id)


@subscribe(ImportReceived)
def read_it(event: ImportReceived) -> None:
    _enqueue(tasks.read_import, event.import_id)


@subscribe(ImportConfirmed)
def apply_it(event: ImportConfirmed) -> None:
    _enqueue(tasks.apply_import, event.import_id)


@subscribe(UndoBegun)
def take_it_back(event: UndoBegun) -> None:
    _enqueue(tasks.undo_import, event.import_id)


@subscribe(MarksReceived)
def lay_them_beside_the_papers(event: MarksReceived) -> None:
    _for_marks(tasks.compare_marks, event.file_id)


@subscribe(MarksConfirmed)
def enter_them(event: MarksConfirmed) -> None:
    _for_marks(tasks.apply_marks, event.file_id)


def _for_marks(task: Task, file_id: int) -> None:
    job = task.enqueue(file_id=file_id)
    MarkFile.objects.filter(pk=file_id).update(job_id=job.job_id)


@subscribe(BankFileReceived)
def read_the_statement(event: BankFileReceived) -> None:
    job = tasks.read_bank_statement.enqueue(statement=event.statement_id)
    BankStatement.objects.filter(pk=event.statement_id).update(job_id=job.job_id)
