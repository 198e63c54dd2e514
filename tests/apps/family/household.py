"""What the fixture ``household`` is made of."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from apps.accounts.models import User
from apps.attendance.models import Leave
from apps.attendance.services import request_leave
from apps.examinations.models import ExamSession
from apps.fees.models import Invoice, Payment
from apps.fees.services import PaidBy, set_payers
from apps.reports.models import ReportCard
from apps.students.models import Guardian, Student
from apps.timetable.models import Meeting
from schoolops import clock
from tests.factories import cards, exams, money, people, rolls
from tests.factories.people import SCHOOL_DAY, Campus


@dataclass(frozen=True, slots=True)
class Household:
    """``mother`` has two children, ``child`` and ``sibling``; ``father`` is the other guardian of ``child``."""

    mother: User
    father: User
    child: Student
    sibling: Student
    card: ReportCard
    bill: Invoice
    receipt: Payment
    fathers_bill: Invoice
    fathers_receipt: Payment
    note: Leave


def made(campus: Campus, *, head: User, teacher: User, guardian: User) -> Household:
    """Rolls, lessons, marks, a card, and bills: three quarters are the mother’s, a quarter is the father’s."""
    section = campus.sections["7 B"]
    child, sibling = section.memberships.order_by("pk")[0].student, people.students_in(campus.sections["7 C"])[0]
    sibling.given_name = "Zoya"
    sibling.save(update_fields=["given_name"])
    father = people.a_guardian("frank", of=[child])
    rolls.take(section, {child: "L"}, by=teacher)
    rolls.take(section, {child: "A"}, by=teacher, day=SCHOOL_DAY - dt.timedelta(days=1))
    periods = rolls.some_periods(campus)
    taught = people.a_class(campus, title="Chemistry", students=[child])
    Meeting.objects.create(
        course_class=taught, period=periods[0], weekday=3, room="Lab 2", starts_on=campus.year.starts_on
    )
    session = exams.an_exam_session(campus, by=head)
    paper = exams.a_paper(session, section, exams.a_course(campus), by=head, day=SCHOOL_DAY - dt.timedelta(days=1))
    ExamSession.objects.filter(pk=session.pk).update(state="marking", timetable_published_at=clock.now())
    exams.enter(paper, dict.fromkeys(people.students_in(section), "61.5"), by=head)
    session = cards.computed(session, by=head)
    cards.read_cards(session, section, by=head)
    card = next(each for each in cards.publish(session, section, by=head) if each.student_id == child.pk)
    bills, receipts = _bills(campus, child, [guardian, father])
    note = request_leave(
        student=child.sourced_id, starts_on=SCHOOL_DAY, ends_on=SCHOOL_DAY, reason="Ill", attachment=b"%PDF-1.7",
        by=guardian,
    )  # fmt: skip
    return Household(guardian, father, child, sibling, card, bills[0], receipts[0], bills[1], receipts[1], note)


def _bills(campus: Campus, child: Student, whose: list[User]) -> tuple[list[Invoice], list[Payment]]:
    anton = people.a_user("anton", role="accountant")
    money.a_chart(campus.institution)
    money.an_item(campus, "1000", by=anton)
    guardians = [Guardian.objects.get(user=each) for each in whose]
    shares = [PaidBy(each.sourced_id, Decimal(percent)) for each, percent in zip(guardians, (75, 25), strict=True)]
    set_payers(student=child, payers=shares, by=anton)
    billed = {each.guardian_id: each for each in money.billed(campus, by=anton) if each.student_id == child.pk}
    paid = [
        money.a_payment(child, amount, by=anton, guardian=each)
        for each, amount in zip(guardians, ("100", "50"), strict=True)
    ]
    return [billed[each.pk] for each in guardians], paid
