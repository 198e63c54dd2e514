"""``python -m benchmarks.fees``: bills of 1,000 students against the same rows saved one by one and by bare COPY.

Then payments a second at one campus under ten clients, and what a student's statement costs with 10 and with 1,000
entries. On servers of its own, whose commits wait for the disk. A payment takes the next receipt of its campus, a row
that one holds at a time until it commits: one client alone is measured beside the ten.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from benchmarks.servers import on_servers
from schoolops import launcher
from tests.outside import refuse_base_url

STUDENTS, CLIENTS, PAYMENTS = 1000, 10, 400
FEW, MANY = 10, 1000
SLUG = "bench"
GOALS = {"invoicing_vs_orm": 8.0}
TABLES = ("invoice", "invoiceline", "instalment", "ledgertransaction", "ledgerentry")


@contextmanager
def timed(into: dict[str, float], name: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    into[name] = time.perf_counter() - began


def main() -> int:
    refuse_base_url("bench-fees fills, bills and pays at a school of its own.")
    with on_servers("config.settings.local", profile=launcher.DURABLE):
        found = measured()
    print(json.dumps({name: round(value, 3) for name, value in found.items()}))
    result = {
        "invoicing_vs_orm": round(found["orm_s"] / found["bill_s"], 2),
        "invoicing_vs_copy": round(found["bill_s"] / found["copy_s"], 2),
        "payments_per_second": round(found["payments_per_second"], 1),
        "statement_queries_10": int(found["queries_few"]),
        "statement_queries_1000": int(found["queries_many"]),
    }
    print("RESULT " + json.dumps(result))
    same = result["statement_queries_10"] == result["statement_queries_1000"]
    return 0 if same and result["invoicing_vs_orm"] >= GOALS["invoicing_vs_orm"] else 1


def measured() -> dict[str, float]:
    from django.core.management import call_command

    from schoolops.context import inside, outside_schools
    from schoolops.tenancy.models import School

    with outside_schools():
        call_command("migrate", verbosity=0)
        call_command("create_school", SLUG, "--name", "Bench", "--domain", f"{SLUG}.localhost", stdout=io.StringIO())
        call_command("demo_data", "--school", SLUG, "--students", str(STUDENTS), "--days", "1", stdout=io.StringIO())
        school = School.objects.get(slug=SLUG)
    found: dict[str, float] = {}
    with inside(school):
        by = _accountant()
        _billed(by, found)
        _one_by_one(found)
        _copied(school, found)
        _statements(by, found)
    _payments(school, by, found)
    return found


def _accountant() -> Any:
    from apps.access.models import Role, RoleAssignment
    from apps.accounts.models import User

    user = User.objects.create(username="ivy")
    RoleAssignment.objects.create(user=user, role=Role.objects.get(code="accountant"))
    return user


def _billed(by: Any, found: dict[str, float]) -> None:
    from apps.fees import services
    from apps.fees.models import Invoice
    from apps.fees.selectors.charges import drafts
    from apps.institutions.models import Term
    from apps.institutions.selectors import today_at

    first = Term.objects.filter(year__state="active").order_by("starts_on").first()
    if first is None:
        raise SystemExit("the year has no term")
    for number in range(5):
        services.add_item(year=first.year, values={"name": f"Item {number}", "amount": Decimal("100.35")}, by=by)
    run = services.begin_run(term=first, due_on=[today_at(first.year.institution)], by=by)
    total = sum((draft.total for draft in drafts(first).values()), Decimal(0))
    services.confirm_run(run=run.sourced_id, total=total, by=by)
    with timed(found, "bill_s"):
        while services.bill(run.pk)["billed"]:
            pass
    found["bills"] = Invoice.objects.count()


def _one_by_one(found: dict[str, float]) -> None:
    """The same rows for the next term, as a plain program saves them: bill by bill, each a transaction."""
    from django.db import transaction

    from apps.fees import services
    from apps.fees.models import Instalment, Invoice, InvoiceLine, LedgerEntry, LedgerTransaction, Series
    from apps.institutions.models import Term
    from schoolops.ids import uuid7

    bills = list(Invoice.objects.select_related("institution"))
    (term,) = Term.objects.filter(year__state="active").order_by("starts_on")[1:2]
    lines, parts, posted, entries = ({} for _each in range(4))
    for rows, model, key in ((lines, InvoiceLine, "invoice_id"), (parts, Instalment, "invoice_id")):
        for row in model.objects.all():
            rows.setdefault(getattr(row, key), []).append(row)
    for row in LedgerTransaction.objects.all():
        posted[row.source_id] = row
    for entry in LedgerEntry.objects.all():
        entries.setdefault(entry.transaction_id, []).append(entry)

    def anew(row: Any, **more: Any) -> Any:
        row.pk = None
        for name, value in more.items():
            setattr(row, name, value)
        row.save(force_insert=True)
        return row

    with timed(found, "orm_s"):
        for bill in bills:
            old, was = bill.pk, posted[bill.sourced_id]
            with transaction.atomic():
                (number,) = services.next_numbers(bill.institution, Series.Kind.INVOICE, bill.year)
                anew(bill, sourced_id=uuid7(), term=term, number=number)
                for line in lines[old]:
                    anew(line, invoice=bill, term=term)
                for part in parts[old]:
                    anew(part, invoice=bill)
                legs = entries[was.pk]
                anew(was, source_id=bill.sourced_id)
                for leg in legs:
                    anew(leg, transaction=was)


def _copied(school: Any, found: dict[str, float]) -> None:
    """As many rows of these tables into bare ones: no keys, no rules, no numbers."""
    from schoolops.tenancy import owner

    with owner.owner_connection() as connection:
        connection.execute(f"SET search_path TO {school.schema_name}".encode())
        rows = {}
        for table in TABLES:
            connection.execute(f"CREATE TABLE bare_{table} (LIKE fees_{table})".encode())
            share = (
                f"COPY (SELECT * FROM fees_{table} ORDER BY id LIMIT (SELECT count(*) / 2 FROM fees_{table})) TO STDOUT"  # noqa: S608 - our own names
            )
            with connection.cursor().copy(share.encode()) as copy:
                rows[table] = b"".join(copy)
        with timed(found, "copy_s"), connection.transaction():
            for table, content in rows.items():
                with connection.cursor().copy(f"COPY bare_{table} FROM STDIN".encode()) as copy:
                    copy.write(content)


def _take(student: Any, by: Any, amount: str = "1.05") -> None:
    from apps.fees import services
    from apps.fees.services import NewPayment

    new = NewPayment(amount=Decimal(amount), currency=student.institution.currency, method="cash")
    services.take_payment(student=student, payment=new, by=by)


def _statements(by: Any, found: dict[str, float]) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from apps.fees import selectors
    from apps.fees.models import LedgerEntry
    from apps.students.models import Student

    students = Student.objects.filter(payments__isnull=True, invoices__isnull=False).distinct().order_by("pk")
    few, many = students.select_related("institution")[:2]
    for student, most, name in ((few, FEW, "few"), (many, MANY, "many")):
        while LedgerEntry.objects.filter(student=student).count() < most:
            _take(student, by)
        with (
            CaptureQueriesContext(
                connection,
            ) as asked,
            timed(found, f"statement_{name}_s"),
        ):
            selectors.standing_of(student, student.institution)
            entries = selectors.entries_seen(by=by).filter(student=student)
            list(entries.select_related("transaction", "account").order_by("id"))
        found[f"queries_{name}"] = len(asked)


def _payments(school: Any, by: Any, found: dict[str, float]) -> None:
    from django.db import connection

    from apps.students.models import Student
    from schoolops.context import inside

    with inside(school):
        students = list(Student.objects.select_related("institution").order_by("-pk")[:PAYMENTS])

    def work(share: list[Any]) -> None:
        try:
            with inside(school):
                for student in share:
                    _take(student, by)
        finally:
            connection.close()

    def under(clients: int, among: list[Any]) -> float:
        began = time.perf_counter()
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(work, [among[place::clients] for place in range(clients)]))
        return len(among) / (time.perf_counter() - began)

    found["alone_per_second"] = under(1, students[: PAYMENTS // CLIENTS])
    found["payments_per_second"] = under(CLIENTS, students)


if __name__ == "__main__":
    raise SystemExit(main())
