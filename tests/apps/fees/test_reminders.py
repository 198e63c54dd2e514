"""Who has an overdue bill is reminded by mail, once a day, and not of what is paid by then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.core.mail import EmailMessage

from apps.access.errors import PermissionMissing
from apps.accounts.models import User
from apps.fees import selectors, services
from apps.fees.models import Invoice
from apps.institutions.selectors import today_at
from apps.students.models import Guardian, Student, StudentGuardian
from schoolops import clock
from schoolops.audit.models import AuditEntry
from tests.factories import money, people
from tests.factories.jobs import waiting_jobs
from tests.factories.people import Campus


@pytest.fixture
def children(campus: Campus) -> list[Student]:
    return people.students_in(campus.section)[:3]


@pytest.fixture
def payers(children: list[Student]) -> list[Guardian]:
    """Mona, who reads Arabic, Frank, and Gita without an address: each of one child."""
    addresses = {"Mona": ("mona@example.org", "ar"), "Frank": ("frank@example.org", ""), "Gita": ("", "")}
    made = []
    for child, (name, (address, language)) in zip(children, addresses.items(), strict=True):
        guardian = Guardian.objects.create(given_name=name, email=address, language=language)
        StudentGuardian.objects.create(student=child, guardian=guardian, contact_priority=1, receives_invoices=True)
        made.append(guardian)
    return made


@pytest.fixture
def overdue(campus: Campus, anton: User, payers: list[Guardian]) -> Iterator[None]:
    """Ten days after everybody's bill was due."""
    money.a_chart(campus.institution)
    money.an_item(campus, by=anton)
    money.billed(campus, by=anton, due_on=(people.SCHOOL_DAY + dt.timedelta(days=5),))
    with clock.frozen(people.SCHOOL_MOMENT + dt.timedelta(days=15)):
        yield


def _letters() -> list[EmailMessage]:
    """What the waiting jobs mail, to each in the order of their addresses."""
    jobs = waiting_jobs("mail_reminder")
    found = (services.reminder(guardian=job["guardian"], institution=job["institution"]) for job in jobs)
    return sorted((letter for letter in found if letter is not None), key=lambda letter: letter.to)


@pytest.mark.usefixtures("overdue")
def test_each_is_told_in_their_language_what_is_overdue(campus: Campus, anton: User, children: list[Student]) -> None:
    assert services.remind_debtors(institution=campus.institution, by=anton) == 2
    franks, monas = _letters()
    assert (monas.to, franks.to) == (["mona@example.org"], ["frank@example.org"])
    bill = Invoice.objects.get(student=children[1])
    assert f"{children[1].full_name}, bill {bill.called_number}, due on 9 Nov 2026: 1,200.00 GBP" in franks.body
    assert "1,200.00 GBP" in monas.body
    assert "overdue" not in monas.body
    entry = AuditEntry.objects.filter(action="fees.debtors-reminded").get()
    assert entry.after["guardians"] == 2


@pytest.mark.usefixtures("overdue")
def test_nobody_is_reminded_of_what_is_paid_by_then_nor_twice_a_day(
    campus: Campus, anton: User, children: list[Student]
) -> None:
    services.remind_debtors(institution=campus.institution, by=anton)
    # Before the worker comes to it one has paid, and somebody has asked for it again.
    money.a_payment(children[0], "1200", by=anton)
    services.remind_debtors(institution=campus.institution, by=anton)
    assert len(waiting_jobs("mail_reminder")) == 2
    assert [letter.to for letter in _letters()] == [["frank@example.org"]]


def test_before_anything_is_overdue_nobody_is_reminded(campus: Campus, anton: User, payers: list[Guardian]) -> None:
    money.a_chart(campus.institution)
    money.an_item(campus, by=anton)
    money.billed(campus, by=anton)
    assert services.remind_debtors(institution=campus.institution, by=anton) == 0


@pytest.mark.usefixtures("overdue")
def test_who_takes_no_money_reminds_nobody(campus: Campus) -> None:
    head = people.a_user("hana", role="head")
    with pytest.raises(PermissionMissing):
        services.remind_debtors(institution=campus.institution, by=head)


@pytest.mark.usefixtures("overdue")
def test_whom_no_mail_reaches_can_be_called(campus: Campus, anton: User, children: list[Student]) -> None:
    mona, _frank, _gita = Guardian.objects.order_by("pk")
    Guardian.objects.filter(pk=mona.pk).update(phone="+44 2")
    kept_away = Guardian.objects.create(given_name="Kim", phone="+44 1")
    for guardian, note, priority in ((kept_away, "Court order", 2), (mona, "", 3)):
        StudentGuardian.objects.create(
            student=children[2], guardian=guardian, contact_priority=priority, restriction_note=note
        )
    at = campus.institution
    told = {row.debtor.student.pk: row.calls for row in selectors.behind(at, today_at(at), by=anton)[1]}
    # Those of two children are written to; of the third nobody, nor of who has no guardian at all.
    assert not {children[0].pk, children[1].pk} & told.keys()
    assert told[children[2].pk] == [("Mona", "+44 2")]
    assert told[people.students_in(campus.section)[3].pk] == []
