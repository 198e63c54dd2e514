"""Families are told of bills, payments, results and report cards; class teachers of who is absent often."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.core import mail

from apps.accounts.models import User
from apps.attendance import services as attendance
from apps.attendance.models import AttendanceCode
from apps.examinations import services as examinations
from apps.examinations.models import ExamSession
from apps.fees import services as fees
from apps.fees.services.charging import PaidBy
from apps.notifications import services
from apps.notifications.models import Channel, Message, Preference
from apps.reports import services as reports
from apps.students.models import Guardian, Student, StudentGuardian
from apps.students.services import merge_guardians, merge_students
from schoolops import clock
from tests.factories import cards, exams, money, people, rolls
from tests.factories.people import SCHOOL_DAY, SCHOOL_MOMENT, Campus
from tests.factories.told import deliver, letters, states, tell_what_rolls_say


@pytest.fixture
def anton(campus: Campus) -> User:
    """The accountant, with the books of the campus."""
    money.a_chart(campus.institution)
    return people.a_user("anton", role="accountant")


@pytest.fixture
def payer(mona: Guardian) -> Guardian:
    StudentGuardian.objects.filter(guardian=mona).update(receives_invoices=True)
    return mona


def _after(**by: int) -> dt.datetime:
    return SCHOOL_MOMENT + dt.timedelta(**by)


@pytest.mark.parametrize(("note", "told"), [("Court order", []), ("", ["new@example.org"])])
def test_who_was_merged_into_another_is_not_written_to(
    campus: Campus, child: Student, anton: User, note: str, told: list[str]
) -> None:
    """What the one record was to be told, the kept one is, unless it is kept away."""
    old = Guardian.objects.create(given_name="Mona", email="old@example.org")
    new = Guardian.objects.create(given_name="Mona", email="new@example.org")
    StudentGuardian.objects.create(student=child, guardian=old, contact_priority=8, restriction_note=note)
    StudentGuardian.objects.create(student=child, guardian=new, contact_priority=9)
    fees.set_payers(student=child, payers=[PaidBy(old.sourced_id, Decimal(100))], by=anton)
    money.an_item(campus, by=anton)
    money.billed(campus, by=anton, due_on=(SCHOOL_DAY + dt.timedelta(days=14),))
    merge_guardians(keep=new, duplicate=old, by=people.a_user("dave", role="registrar"))
    fees.tell_of_money()
    deliver()
    assert [address for address, _ in letters()] == told


def test_who_pays_is_told_of_a_bill_before_and_after_it_is_due_and_of_the_receipt(
    campus: Campus, child: Student, payer: Guardian, anton: User
) -> None:
    money.an_item(campus, by=anton)
    money.billed(campus, by=anton, due_on=(SCHOOL_DAY + dt.timedelta(days=14),))
    fees.tell_of_money()
    fees.tell_of_money()
    deliver()
    with clock.frozen(_after(days=8)):
        fees.tell_of_money()
        deliver()
    with clock.frozen(_after(days=15)):
        fees.tell_of_money()
        deliver()
    assert [subject.split(" ", 2)[0] for _, subject in letters()] == ["Bill", "Bill", "Bill"]
    assert [address for address, _ in letters()] == ["mona@example.org"] * 3
    assert "due soon" not in mail.outbox[2].body
    assert "1,200.00 GBP" in mail.outbox[1].body
    assert "is overdue" in mail.outbox[2].subject
    with clock.frozen(_after(days=16)):
        money.a_payment(child, "1200", by=anton)
        fees.tell_of_money()
        deliver()
    assert [subject.split()[0] for _, subject in letters()[3:]] == ["Receipt"]


def test_nobody_is_told_of_what_is_paid_before_it_is_sent(
    campus: Campus, child: Student, payer: Guardian, anton: User
) -> None:
    money.an_item(campus, by=anton)
    money.billed(campus, by=anton, due_on=(SCHOOL_DAY + dt.timedelta(days=3),))
    fees.tell_of_money()
    money.a_payment(child, "1200", by=anton)
    deliver()
    assert [subject.split()[0] for _, subject in letters()] == ["Bill"]
    assert states(fact="fees.due-soon", channel=Channel.EMAIL) == [("suppressed", "no-longer-so")]


def test_families_are_told_of_results_and_cards_once_they_are_public(
    campus: Campus, child: Student, mona: Guardian, alice: User
) -> None:
    session = exams.an_exam_session(campus, by=alice)
    day = SCHOOL_DAY - dt.timedelta(days=1)
    paper = exams.a_paper(session, campus.section, exams.a_course(campus), by=alice, day=day)
    ExamSession.objects.filter(pk=session.pk).update(state="marking")
    exams.enter(paper, {child: "50"}, by=alice)
    cards.computed(session, by=alice, published_at=_after(hours=1))
    examinations.tell_of_results()
    deliver()
    assert mail.outbox == []
    with clock.frozen(_after(hours=1)):
        examinations.tell_of_results()
        examinations.tell_of_results()
        deliver()
    assert letters() == [("mona@example.org", f"Results of {session.name}: {child.full_name}")]
    with clock.frozen(_after(hours=2)):
        cards.read_cards(session, campus.section, by=alice)
        cards.publish(session, campus.section, by=alice)
        reports.tell_of_cards()
        deliver()
    assert letters()[1:] == [("mona@example.org", f"Report card of {session.name}: {child.full_name}")]


def test_a_decision_on_leave_is_told(campus: Campus, child: Student, mona: Guardian, dave: User) -> None:
    code = AttendanceCode.objects.filter(state="absent", excused=True).first()
    assert code is not None
    leave = attendance.request_leave(
        student=child.sourced_id, starts_on=SCHOOL_DAY, ends_on=SCHOOL_DAY, reason="A wedding", by=dave
    )
    attendance.approve_leave(leave=leave.sourced_id, note="Enjoy it", by=dave)
    deliver()
    assert letters() == [("mona@example.org", f"Leave for {child.full_name}: approved")]
    assert "Enjoy it" in mail.outbox[0].body


def test_a_decision_is_told_in_the_readers_language(campus: Campus, child: Student, mona: Guardian, dave: User) -> None:
    User.objects.filter(pk=mona.user_id).update(language="ar")
    Guardian.objects.filter(pk=mona.pk).update(language="ar")
    leave = attendance.request_leave(
        student=child.sourced_id, starts_on=SCHOOL_DAY, ends_on=SCHOOL_DAY, reason="A wedding", by=dave
    )
    attendance.approve_leave(leave=leave.sourced_id, note="", by=dave)
    deliver()
    ((_, subject),) = letters()
    assert "approved" not in subject
    assert "approved" not in mail.outbox[0].body


def test_the_class_teacher_is_warned_once_of_who_is_absent_often(
    campus: Campus, child: Student, alice: User, bob: User
) -> None:
    User.objects.filter(pk=bob.pk).update(email="bob@example.org")
    for back in (2, 1, 0):
        day = SCHOOL_DAY - dt.timedelta(days=back)
        rolls.take(campus.section, {child: "A"}, by=alice, day=day)
    tell_what_rolls_say()
    with clock.frozen(_after(hours=1)):
        deliver()
        tell_what_rolls_say()
        deliver()
    assert letters() == [("bob@example.org", f"Absent often: {child.full_name}")]
    assert Message.objects.filter(fact="attendance.warning", channel=Channel.EMAIL).get().state == "sent"
    assert services.outgoing().absences == 3


@pytest.mark.parametrize(("of_kept", "wanted"), [(None, False), (True, False), (False, False)])
def test_a_channel_that_a_guardian_does_not_want_of_one_record_is_not_used_once_the_records_are_one(
    campus: Campus, child: Student, mona: Guardian, dave: User, of_kept: bool | None, wanted: bool
) -> None:
    kept = people.some_students(1, section=campus.sections["7 C"])[0]
    link = StudentGuardian.objects.create(student=kept, guardian=mona, contact_priority=9)
    said = {"guardian": mona, "channel": "email"}
    Preference.objects.create(link=StudentGuardian.objects.get(student=child, guardian=mona), wanted=False, **said)
    if of_kept is not None:
        Preference.objects.create(link=link, wanted=of_kept, **said)
    merge_students(keep=kept, duplicate=child, by=dave)
    assert Preference.objects.get(link=link).wanted is wanted
