"""A month after its end, an import leaves nothing behind but its line, its counts and what it wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from apps.accounts.models import User
from apps.exchange import errors, services
from apps.exchange.models import Import, ImportRow
from apps.exchange.services import clearing
from apps.students.models import Student

Bring = Callable[..., Import]


def test_files_and_rows_go_and_the_line_stays(
    brought_in: Bring, read: Bring, roster: Callable[..., Path], registrar: User, later: Callable[..., None]
) -> None:
    run, waiting = brought_in(roster()), read(roster(seed=2))
    file, counts = Path(run.file.path), run.counts
    later(days=29)
    assert services.clear_old_imports() == 0
    assert file.exists()
    later(days=2)
    assert services.clear_old_imports() == 1
    assert services.clear_old_imports() == 0
    run.refresh_from_db()
    assert (file.exists(), ImportRow.objects.filter(run=run).count(), run.counts) == (False, 0, counts)
    assert Student.objects.count() == 12
    # One that nobody has decided about is not finished.
    assert ImportRow.objects.filter(run=waiting).exists()
    with pytest.raises(errors.ImportCleared):
        services.begin_undo(run=run, by=registrar)


def test_rows_are_deleted_a_batch_at_a_time(
    brought_in: Bring,
    registrar: User,
    later: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tests.factories import people  # noqa: PLC0415 - needs a school to be chosen

    people.a_school_year()
    run = brought_in(b"Admission number,Given name\nA1,Ada\nA2,Bo\nA3,Cy\n", "students.csv")
    later(days=31)
    monkeypatch.setattr(clearing, "BATCH", 2)
    assert services.clear_old_imports() == 1
    assert not ImportRow.objects.filter(run=run).exists()
