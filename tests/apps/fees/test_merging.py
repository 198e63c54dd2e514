"""What of fees goes along when two records of a child or guardian become one: nobody is charged or let off twice."""

from __future__ import annotations

from decimal import Decimal

import pytest

from apps.accounts.models import User
from apps.fees import services
from apps.fees.errors import NothingToBill
from apps.fees.models import Account, Concession, FeeItem, Invoice, Payer, StudentFee
from apps.fees.selectors.billing import invoices_followed
from apps.fees.selectors.payments import left_of
from apps.fees.selectors.statements import statement_of
from apps.fees.services import PaidBy
from apps.students.models import Guardian, Student
from apps.students.services import merge_guardians, merge_students
from apps.students.services.merging import Moved
from tests.factories import money, people
from tests.factories.people import SCHOOL_DAY, Campus, students_in


@pytest.fixture
def two(campus: Campus, chart: dict[str, Account]) -> tuple[Student, Student]:
    """Two records of one child: which is kept, and the other."""
    keep, duplicate = students_in(campus.section)[:2]
    return keep, duplicate


def test_choices_and_concessions_move_unless_the_kept_record_has_the_like(
    campus: Campus, two: tuple[Student, Student], anton: User, erin: User
) -> None:
    keep, duplicate = two
    hanna = people.a_user("hanna", role="head")
    lunch, bus = (money.an_item(campus, "80", name=name, optional=True, by=anton) for name in ("Lunch", "Bus"))

    def chosen(student: Student, item: FeeItem) -> None:
        services.choose_item(student=student, item=item, kind="added", starts_on=SCHOOL_DAY, ends_on=None, by=anton)

    for student, item in ((keep, lunch), (duplicate, lunch), (duplicate, bus)):
        chosen(student, item)
    for student, ground in ((keep, "sibling"), (duplicate, "sibling"), (duplicate, "hardship")):
        money.a_concession(campus, student, ground=ground, asked_by=anton, approved_by=hanna)
    found = merge_students(keep=keep, duplicate=duplicate, by=erin).by_kind
    assert (found["fee_choices"], found["concessions"]) == (Moved(1, 1), Moved(1, 1))
    assert set(StudentFee.objects.filter(student=keep).values_list("item", flat=True)) == {lunch.pk, bus.pk}
    assert set(Concession.objects.filter(student=keep).values_list("ground", flat=True)) == {"sibling", "hardship"}


def test_payers_move_together_or_stay(campus: Campus, two: tuple[Student, Student], anton: User, erin: User) -> None:
    keep, duplicate = two
    mum, dad = (Guardian.objects.get(user=people.a_guardian(name, of=[duplicate])) for name in ("mum", "dad"))
    shares = [PaidBy(mum.sourced_id, Decimal(70)), PaidBy(dad.sourced_id, Decimal(30))]
    services.set_payers(student=duplicate, payers=shares, by=anton)
    found = merge_students(keep=keep, duplicate=duplicate, by=erin).by_kind
    assert found["payers"] == Moved(2, 0)
    assert dict(Payer.objects.filter(student=keep).values_list("guardian", "percent")) == {mum.pk: 70, dad.pk: 30}
    other = students_in(campus.section)[2]
    aunt = Guardian.objects.get(user=people.a_guardian("aunt", of=[other]))
    services.set_payers(student=other, payers=[PaidBy(aunt.sourced_id, Decimal(100))], by=anton)
    assert merge_students(keep=keep, duplicate=other, by=erin).by_kind["payers"] == Moved(0, 1)
    assert Payer.objects.filter(student=keep).count() == 2
    assert Payer.objects.get(student=other).guardian == aunt


def test_what_was_billed_and_paid_stays_and_is_not_billed_again(
    campus: Campus, two: tuple[Student, Student], anton: User, erin: User
) -> None:
    keep, duplicate = two
    money.an_item(campus, by=anton)
    money.billed(campus, by=anton)
    money.a_payment(duplicate, "20", by=anton)
    found = merge_students(keep=keep, duplicate=duplicate, by=erin).by_kind
    assert (found["bills"], found["payments"]) == (Moved(0, 1), Moved(0, 1))


def test_the_kept_guardian_reads_the_bills_of_both_and_none_is_billed_again(
    campus: Campus, chart: dict[str, Account], anton: User, erin: User
) -> None:
    child = students_in(campus.section)[0]
    login = people.a_guardian("mum", of=[child])
    mum, again = Guardian.objects.get(user=login), Guardian.objects.get(user=people.a_guardian("mum2", of=[child]))
    shares = [PaidBy(mum.sourced_id, Decimal(60)), PaidBy(again.sourced_id, Decimal(40))]
    services.set_payers(student=child, payers=shares, by=anton)
    money.an_item(campus, by=anton)
    money.billed(campus, by=anton)
    found = merge_guardians(keep=mum, duplicate=again, by=erin)
    assert (found.by_kind["payers"], found.by_kind["bills"]) == (Moved(1, 0), Moved(0, 1))
    assert [(each.guardian, each.percent) for each in Payer.objects.filter(student=child)] == [(mum, 100)]
    assert invoices_followed(child.sourced_id, by=login).count() == 2
    owed = sum(Invoice.objects.filter(student=child).values_list("total", flat=True))
    assert statement_of([child], campus.institution, guardian=mum).balance == owed
    with pytest.raises(NothingToBill):
        money.billed(campus, by=anton)
    money.a_payment(child, str(owed), by=anton, guardian=mum)
    assert set(left_of(Invoice.objects.filter(student=child)).values()) == {Decimal(0)}
