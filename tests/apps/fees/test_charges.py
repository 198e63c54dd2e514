"""What a student is charged: items of their grade level, by the days they are there, less what they are let off."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.accounts.models import User
from apps.fees import services
from apps.fees.errors import (
    ApprovedByOneself,
    ConcessionOfWhat,
    FeeItemTwice,
    NoAccountFor,
    NoIncomeAccount,
    NotOfThisCampus,
    PayersRefused,
    StudentFeeDoesNothing,
)
from apps.fees.models import Account, Payer
from apps.fees.selectors.charges import Charge, Draft, Share, bill_total, conceded, drafts, split
from apps.fees.services import PaidBy
from apps.students.models import Student, StudentGuardian
from schoolops import money as amounts
from schoolops.money import AmountRefused
from tests.factories import money, people
from tests.factories.people import SCHOOL_DAY, Campus, students_in


@pytest.fixture
def child(campus: Campus, chart: dict[str, Account]) -> Student:
    """Somebody of 7 B."""
    return students_in(campus.section)[0]


def draft_of(campus: Campus, student: Student) -> Draft:
    return drafts(campus.terms[0])[student.pk]


def test_an_item_is_charged_to_its_grade_level_in_each_term(campus: Campus, child: Student, anton: User) -> None:
    money.an_item(campus, by=anton)
    money.an_item(campus, "50", name="Library", grade_level=None, by=anton)
    money.an_item(campus, "99", name="Leaving party", term=campus.terms[1], by=anton)
    money.an_item(campus, "300", name="Grade 9 trip", grade_level=people.a_grade_level(9), by=anton)
    assert draft_of(campus, child).total == Decimal("1250.00")
    assert drafts(campus.terms[1])[child.pk].total == Decimal("1349.00")


def test_at_a_campus_without_accounts_it_is_said_that_there_are_none(campus: Campus, anton: User) -> None:
    Account.objects.all().delete()
    with pytest.raises(NoAccountFor, match="has no accounts yet"):
        services.add_item(year=campus.year, values={"name": "Tuition", "amount": Decimal(100)}, by=anton)


def test_who_leaves_mid_term_is_charged_the_days_they_were_there(
    campus: Campus, chart: dict[str, Account], anton: User
) -> None:
    money.an_item(campus, by=anton)
    money.an_item(campus, "80", name="Books", prorated=False, by=anton)
    term = campus.terms[0]
    (child,) = people.some_students(1, section=campus.section, until=SCHOOL_DAY)
    days, of = (SCHOOL_DAY - term.starts_on).days, (term.ends_on - term.starts_on).days + 1
    tuition = amounts.rounded(Decimal(1200) * days / of, "GBP")
    draft = draft_of(campus, child)
    assert draft.total == tuition + 80
    assert [(charge.item.name, charge.days, charge.of) for charge in draft.charges][-1] == ("Tuition", days, of)


def test_what_is_optional_is_charged_to_who_has_it_and_the_rest_to_who_did_not_opt_out(
    campus: Campus, child: Student, anton: User
) -> None:
    bus = money.an_item(campus, "300", name="Bus", optional=True, prorated=False, by=anton)
    lunch = money.an_item(campus, "200", name="Lunch", by=anton)
    assert draft_of(campus, child).total == 200
    term = campus.terms[0]
    span = {"starts_on": term.starts_on, "ends_on": None}
    services.choose_item(student=child, item=bus, kind="added", **span, by=anton)
    services.choose_item(student=child, item=lunch, kind="opted-out", **span, by=anton)
    assert draft_of(campus, child).total == 300
    with pytest.raises(StudentFeeDoesNothing):
        services.choose_item(student=child, item=lunch, kind="added", **span, by=anton)


def test_an_item_is_of_its_campus_and_year_and_once(campus: Campus, chart: dict[str, Account], anton: User) -> None:
    money.an_item(campus, by=anton)
    with pytest.raises(FeeItemTwice):
        money.an_item(campus, name="TUITION", by=anton)
    other = people.a_school_year()
    with pytest.raises(NotOfThisCampus):
        money.an_item(campus, name="x", term=other.terms[0], by=anton)
    with pytest.raises(NoIncomeAccount):
        money.an_item(campus, name="x", account=chart["cash"], by=anton)
    with pytest.raises(AmountRefused):
        money.an_item(campus, "1.005", name="x", by=anton)


# --- concessions ------------------------------------------------------------------------------------------------------
def test_a_concession_counts_once_another_has_approved_it(
    campus: Campus, child: Student, anton: User, alice: User, erin: User
) -> None:
    money.an_item(campus, by=anton)
    asked = money.a_concession(campus, child, asked_by=erin)
    assert draft_of(campus, child).total == 1200
    with pytest.raises(ApprovedByOneself) as refused:
        services.approve_concession(concession=asked.sourced_id, by=erin)
    assert "Alice" in refused.value.advice or "alice" in refused.value.advice
    services.approve_concession(concession=asked.sourced_id, by=alice)
    assert draft_of(campus, child).total == 1080
    services.end_concession(concession=asked.sourced_id, by=anton)
    assert draft_of(campus, child).total == 1200


def test_a_concession_is_a_percentage_or_an_amount(campus: Campus, child: Student, anton: User) -> None:
    for wrong in ({"percent": None}, {"percent": Decimal(5), "amount": Decimal(5)}):
        with pytest.raises(ConcessionOfWhat):
            money.a_concession(campus, child, asked_by=anton, **{"amount": None, **wrong})
    with pytest.raises(AmountRefused):
        money.a_concession(campus, child, asked_by=anton, amount=Decimal(-5))


def test_who_is_let_off_everything_is_left_out_by_name(
    campus: Campus, child: Student, anton: User, alice: User
) -> None:
    money.an_item(campus, by=anton)
    money.a_concession(campus, child, asked_by=anton, approved_by=alice, percent=Decimal(100), ground="staff-child")
    assert (draft_of(campus, child).total, draft_of(campus, child).why) == (0, "conceded-in-full")


def test_an_amount_in_a_term_is_taken_off_once_however_often_the_term_is_billed(
    campus: Campus, child: Student, anton: User, alice: User
) -> None:
    money.a_concession(campus, child, asked_by=anton, approved_by=alice, amount=Decimal(100))
    tuition = money.an_item(campus, "60", by=anton)
    lunch = money.an_item(campus, "90", name="Lunch", by=anton)
    (bill,) = [bill for bill in money.billed(campus, by=anton) if bill.student_id == child.pk]
    assert bill.total == 60 + 90 - 100
    money.an_item(campus, "80", name="Books", by=anton)
    assert draft_of(campus, child).total == 80
    # Of a bill that is void nothing was taken off.
    services.void_invoice(invoice=bill.sourced_id, reason="Wrong", by=anton)
    assert draft_of(campus, child).total == tuition.amount + lunch.amount + 80 - 100
    assert drafts(campus.terms[1])[child.pk].total == 60 + 90 + 80 - 100


def _item(pk: int, amount: Decimal) -> Any:
    return SimpleNamespace(pk=pk, amount=amount, name=str(pk))


UNITS = st.integers(min_value=1, max_value=10**7)
TAKEN = st.one_of(
    st.tuples(st.just("percent"), st.integers(min_value=1, max_value=10_000)), st.tuples(st.just("amount"), UNITS)
)


@settings(max_examples=100, database=None, deadline=None)
@given(
    currency=st.sampled_from(["JPY", "EUR", "KWD"]),
    units=st.lists(UNITS, min_size=1, max_size=4),
    taken=st.lists(TAKEN, max_size=4),
    weights=st.lists(st.integers(min_value=1, max_value=97), min_size=1, max_size=3),
)
def test_nobody_is_charged_below_zero_and_the_payers_bills_are_the_whole(
    currency: str, units: list[int], taken: list[tuple[str, int]], weights: list[int]
) -> None:
    unit = amounts.smallest(currency)
    charges = [Charge(_item(pk, each * unit), each * unit, 1, 1) for pk, each in enumerate(units)]
    concessions: list[Any] = [
        SimpleNamespace(
            pk=pk,
            item_id=None if pk % 2 else pk % len(units),
            percent=Decimal(said).scaleb(-2) if kind == "percent" else None,
            amount=said * unit if kind == "amount" else None,
        )
        for pk, (kind, said) in enumerate(taken, start=1)
    ]
    reduced = conceded(charges, concessions, currency)
    assert all(charge.net >= 0 for charge in reduced)
    draft = Draft(1, reduced, [Share(pk, "", Decimal(weight)) for pk, weight in enumerate(weights)])
    bills = split(draft, currency)
    assert sum((bill_total(lines) for _payer, lines in bills), Decimal(0)) == draft.total
    for _payer, lines in bills:
        assert bill_total(lines) > 0
        assert all(line.amount > 0 and line.amount == amounts.rounded(line.amount, currency) for line in lines)
        for charge in reduced:
            assert bill_total(line for line in lines if line.charge is charge) >= 0
        parts = amounts.shared(bill_total(lines), [1, 1, 1], currency)
        assert sum(parts) == bill_total(lines)


# --- who pays ---------------------------------------------------------------------------------------------------------
def _guardians(child: Student, number: int) -> list[StudentGuardian]:
    for each in range(number):
        people.a_guardian(f"parent-{each}", of=[child])
    return list(StudentGuardian.objects.filter(student=child).select_related("guardian").order_by("contact_priority"))


def test_the_bill_goes_to_who_receives_invoices_and_is_asked_first(campus: Campus, child: Student, anton: User) -> None:
    money.an_item(campus, by=anton)
    assert draft_of(campus, child).payers == [Share(None, "", Decimal(100))]
    _first, second = _guardians(child, 2)[-2:]
    StudentGuardian.objects.filter(pk=second.pk).update(receives_invoices=True)
    assert [payer.guardian for payer in draft_of(campus, child).payers] == [second.guardian_id]


def test_payers_are_guardians_who_share_it_all(campus: Campus, child: Student, anton: User) -> None:
    one, two = (link.guardian for link in _guardians(child, 2)[-2:])

    def said(*shares: tuple[Any, str]) -> list[PaidBy]:
        return [PaidBy(guardian.sourced_id, Decimal(percent)) for guardian, percent in shares]

    services.set_payers(student=child, payers=said((one, "60"), (two, "40")), by=anton)
    services.set_payers(student=child, payers=said((one, "33.33"), (two, "66.67")), by=anton)
    assert sorted(Payer.objects.values_list("percent", flat=True)) == [Decimal("33.33"), Decimal("66.67")]
    stranger = people.a_guardian("stranger", of=[])
    other = stranger.guardian
    for wrong in (said((one, "60"), (two, "30")), said((one, "100"), (one, "0")), said((other, "100"))):
        with pytest.raises(PayersRefused):
            services.set_payers(student=child, payers=wrong, by=anton)
    services.set_payers(student=child, payers=[], by=anton)
    assert not Payer.objects.exists()


def test_the_drafts_of_all_take_as_many_statements_as_of_one(
    campus: Campus, child: Student, anton: User, query_count: Any
) -> None:
    money.an_item(campus, by=anton)
    counts = []
    for who in ([child.pk], None):
        with query_count() as counted:
            made = drafts(campus.terms[0], who)
        counts.append(counted.count)
    assert len(made) == 15
    assert counts[0] == counts[1]
