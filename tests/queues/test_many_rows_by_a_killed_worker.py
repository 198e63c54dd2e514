"""A worker that changes hundreds of rows is killed half-way: another goes on, and each row is changed once."""

from __future__ import annotations

import signal

from psycopg import sql

from apps.accounts.models import User
from apps.office.models import ListChange
from apps.office.shell import at_length, site
from apps.office.shell.rooms import rooms
from apps.students.models import Guardian
from schoolops.audit.models import AuditEntry
from schoolops.context import inside
from schoolops.queues import IMPORTS
from schoolops.tenancy import owner
from tests.chaos.processes import wait_until
from tests.factories import people
from tests.queues.installation import LONG, Installation

ROWS = 600


def changed() -> int:
    return Guardian.objects.filter(language="ar").count()


def confirmed(by: User) -> None:
    rooms()
    admin = site.office._registry[Guardian]
    change = at_length.begin(admin=admin, rows=Guardian.objects.order_by("pk"), by=by)
    at_length.confirm(change=change, sent={"language": ["ar"], "reason": ["Asked for"]})


def test_each_row_is_changed_once(installation: Installation) -> None:
    school = installation.ledger.school
    with inside(school):
        by = people.a_user("dave", role="registrar")
        Guardian.objects.bulk_create([Guardian(given_name=f"G{number}", language="en") for number in range(ROWS)])
        last = Guardian.objects.order_by("pk")[at_length.A_LOT]
        with owner.owner_connection() as holding:
            # Its first lot is committed; in the second it waits for us, and is killed there.
            name = sql.Identifier(school.schema_name, "students_guardian")
            holding.execute("BEGIN")
            holding.execute(sql.SQL("SELECT 1 FROM {} WHERE id = %s FOR UPDATE").format(name), [last.pk])
            confirmed(by)
            installation.start(IMPORTS.name, "quarantine")
            assert wait_until(lambda: changed() == at_length.A_LOT, LONG), installation.logs()
            worker = installation.supervisor.children[IMPORTS.name]
            for each in worker.forked():
                each.send_signal(signal.SIGKILL)
            holding.execute("ROLLBACK")
        assert wait_until(lambda: ListChange.objects.get().state == "done", LONG), installation.logs()
        installation.comes_to_rest()
        assert [attempt.outcome for attempt in installation.ledger.attempts()] == ["crashed"]
        assert changed() == ROWS
        rows = AuditEntry.objects.filter(action="students.guardian-changed").values_list("object_id", flat=True)
        assert len({*rows}) == len(rows) == ROWS
        assert installation.ledger.letters() == []
