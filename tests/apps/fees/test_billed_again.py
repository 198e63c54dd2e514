"""What is billed again after a void, where it is posted, and for whom a campus bills: each as it stands by now."""

from __future__ import annotations

from decimal import Decimal

import pytest

from apps.accounts.models import User
from apps.fees import errors, selectors, services
from apps.fees.models import Account, Invoice
from apps.fees.selectors.reconciling import differences
from apps.institutions.models import Institution
from apps.students.models import Enrolment, Guardian, Student
from tests.factories import money, people
from tests.factories.people import Campus


# --- a share that was made void ---------------------------------------------------------------------------------------
def shared_by(campus: Campus, child: Student, by: User, *percents: int) -> list[Guardian]:
    """Guardians who share the child's bills."""
    found = [
        Guardian.objects.get(user=people.a_guardian(f"payer{number}", of=[child])) for number in range(len(percents))
    ]
    shares = [services.PaidBy(each.sourced_id, Decimal(percent)) for each, percent in zip(found, percents, strict=True)]
    services.set_payers(student=child, payers=shares, by=by)
    return found


def test_the_share_of_one_parent_that_was_made_void_is_billed_again_and_no_other(campus: Campus, anton: User) -> None:
    money.a_chart(campus.institution)
    child = people.students_in(campus.section)[0]
    mum, dad = shared_by(campus, child, anton, 60, 40)
    money.an_item(campus, by=anton)
    head = people.a_user("hana", role="head")
    money.a_concession(campus, child, asked_by=anton, approved_by=head)
    money.billed(campus, by=anton)
    theirs = Invoice.objects.filter(student=child)
    assert dict(theirs.values_list("guardian", "total")) == {mum.pk: 648, dad.pk: 432}
    services.void_invoice(invoice=theirs.get(guardian=dad).sourced_id, reason="Wrong address", by=anton)
    money.billed(campus, by=anton)
    standing = theirs.filter(state="issued")
    assert sorted(standing.values_list("guardian", "total")) == sorted([(mum.pk, 648), (dad.pk, 432)])
    with pytest.raises(errors.NothingToBill):
        money.billed(campus, by=anton)
    assert list(differences()) == []


def test_who_was_billed_is_not_billed_again_when_others_share_from_now_on(campus: Campus, anton: User) -> None:
    money.a_chart(campus.institution)
    child = people.students_in(campus.section)[0]
    money.an_item(campus, by=anton)
    money.billed(campus, by=anton)
    shared_by(campus, child, anton, 50, 50)
    with pytest.raises(errors.NothingToBill):
        money.billed(campus, by=anton)


def test_a_share_that_was_made_void_is_whoevers_pays_it_now(campus: Campus, anton: User) -> None:
    money.a_chart(campus.institution)
    child = people.students_in(campus.section)[0]
    mum, dad = shared_by(campus, child, anton, 50, 50)
    money.an_item(campus, by=anton)
    money.billed(campus, by=anton)
    theirs = Invoice.objects.filter(student=child)
    services.void_invoice(invoice=theirs.get(guardian=mum).sourced_id, reason="Moved away", by=anton)
    aunt = Guardian.objects.get(user=people.a_guardian("aunt", of=[child]))
    shares = [services.PaidBy(each.sourced_id, Decimal(50)) for each in (dad, aunt)]
    services.set_payers(student=child, payers=shares, by=anton)
    money.billed(campus, by=anton)
    standing = theirs.filter(state="issued").values_list("guardian", "total")
    assert sorted(standing) == sorted([(dad.pk, 600), (aunt.pk, 600)])


# --- accounts that are out of use -------------------------------------------------------------------------------------
def test_an_account_that_items_name_is_not_retired_and_a_retired_one_is_not_billed_to(
    campus: Campus, anton: User
) -> None:
    money.a_chart(campus.institution)
    values = {"code": "4010", "name": "Transport", "kind": "income"}
    account = services.add_account(institution=campus.institution, values=values, by=anton)
    item = money.an_item(campus, "300", name="Bus", account=account, by=anton)
    with pytest.raises(errors.AccountChargedTo, match="Bus"):
        services.change_account(account=account.sourced_id, values={"retired": True}, by=anton)
    # As one that was retired before items were asked about.
    Account.objects.filter(pk=account.pk).update(retired=True)
    with pytest.raises(errors.NoIncomeAccount):
        money.billed(campus, by=anton)
    assert not Invoice.objects.exists()
    Account.objects.filter(pk=account.pk).update(retired=False)
    services.change_item(item=item.sourced_id, values={"retired": True}, by=anton)
    assert services.change_account(account=account.sourced_id, values={"retired": True}, by=anton).retired


# --- where somebody is enrolled, and not where their record is --------------------------------------------------------
def test_who_is_enrolled_at_a_campus_has_its_items_and_concessions(campus: Campus, anton: User) -> None:
    money.a_chart(campus.institution)
    child = people.students_in(campus.section)[0]
    hill = Institution.objects.create(name="Hill", code="HILL")
    Student.objects.filter(pk=child.pk).update(institution=hill)
    child.refresh_from_db()
    bus = money.an_item(campus, "300", name="Bus", optional=True, by=anton)
    span = {"starts_on": campus.year.starts_on, "ends_on": None}
    services.choose_item(student=child, item=bus, kind="added", **span, by=anton)
    money.a_concession(campus, child, asked_by=anton)
    guardian = Guardian.objects.get(user=people.a_guardian("carol", of=[child]))
    services.set_payers(student=child, payers=[services.PaidBy(guardian.sourced_id, Decimal(100))], by=anton)
    money.billed(campus, by=anton)
    bill = Invoice.objects.get(student=child)
    assert (bill.total, bill.guardian_id, bill.institution_id) == (300, guardian.pk, campus.institution.pk)
    assert selectors.account_at(child.sourced_id, "fees.view", by=people.a_user("hana", role="head"))[0] == child
    stranger = people.students_in(campus.sections["7 C"])[0]
    Enrolment.objects.filter(student=stranger).delete()
    Student.objects.filter(pk=stranger.pk).update(institution=hill)
    with pytest.raises(errors.NotOfThisCampus):
        services.choose_item(student=Student.objects.get(pk=stranger.pk), item=bus, kind="added", **span, by=anton)
