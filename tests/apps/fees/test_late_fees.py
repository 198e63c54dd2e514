"""Late fees by rule: each due day is charged once, never above the cap, and only while something of it is open."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Count, Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.access.errors import PermissionMissing
from apps.accounts.models import User
from apps.fees import errors, selectors, services
from apps.fees.models import Account, Instalment, Invoice, InvoiceLine, LateFee, LateFeeRule, LedgerEntry
from apps.fees.selectors.late import late_parts, late_with
from apps.fees.selectors.reconciling import differences
from apps.fees.selectors.statements import statement_of
from apps.institutions.services import change_institution
from schoolops import clock
from schoolops.context import inside
from schoolops.errors import SchoolOpsError
from schoolops.money import AmountRefused
from schoolops.tenancy.models import School
from tests.apps.at_once import at_once
from tests.apps.fees.test_reconcile import as_the_owner
from tests.factories import money, people
from tests.factories.people import SCHOOL_DAY, SCHOOL_MOMENT, Campus

WEEK_AGO = SCHOOL_DAY - dt.timedelta(days=7)


def a_rule(campus: Campus, *, by: User, **values: Any) -> LateFeeRule:
    """A pound an instalment, a week after its due day, five on a bill."""
    begins = SCHOOL_DAY - dt.timedelta(days=90)
    said = {"amount": Decimal(1), "days": 7, "cap": Decimal(5), "starts_on": begins, **values}
    return services.add_late_fee_rule(institution=campus.institution, values=said, by=by)


def late(campus: Campus, *, by: User, amount: str = "100", days: tuple[int, ...] = (7,)) -> list[Invoice]:
    """The bills of a term, whose parts were due so many days ago."""
    money.an_item(campus, amount, by=by)
    with clock.frozen(SCHOOL_MOMENT - dt.timedelta(days=max(days))):
        return money.billed(campus, by=by, due_on=tuple(sorted(SCHOOL_DAY - dt.timedelta(days=each) for each in days)))


def charged(bill: Invoice) -> list[Decimal]:
    """The late fees of a bill."""
    return [fee.invoice.total for fee in selectors.late_fees_of(bill)]


def test_what_is_a_week_late_is_charged_once_and_booked_as_a_late_fee(
    campus: Campus, chart: dict[str, Account], anton: User
) -> None:
    bills = late(campus, by=anton)
    a_rule(campus, by=anton)
    assert services.charge_late_fees() == len(bills)
    assert services.charge_late_fees() == 0
    assert {(each, *charged(each)) for each in bills} == {(each, Decimal(1)) for each in bills}
    fee = selectors.late_fees_of(bills[0])[0].invoice
    assert fee.bill_to == bills[0].bill_to
    assert [(line.text, line.amount) for line in fee.lines.all()] == [
        (f"Late fee: bill {bills[0].called_number}, due on 28 Oct 2026", 1)
    ]
    booked = LedgerEntry.objects.filter(account=chart["late-fees"])
    assert {(entry.side, entry.amount) for entry in booked} == {("credit", Decimal(1))}
    assert booked.count() == len(bills)
    assert list(differences()) == []


@pytest.mark.parametrize("days", [6, 1])
def test_before_its_days_are_over_nothing_is_late(
    campus: Campus, chart: dict[str, Account], anton: User, days: int
) -> None:
    late(campus, by=anton, days=(days,))
    a_rule(campus, by=anton)
    assert services.charge_late_fees() == 0


def test_what_was_due_before_the_rule_began_is_charged_nothing(
    campus: Campus, chart: dict[str, Account], anton: User
) -> None:
    late(campus, by=anton, days=(30,))
    rule = a_rule(campus, by=anton, starts_on=None)
    assert rule.starts_on == SCHOOL_DAY
    assert services.charge_late_fees() == 0
    services.change_late_fee_rule(rule=rule.sourced_id, values={"starts_on": WEEK_AGO}, by=anton)
    assert services.charge_late_fees() == 0


def test_a_percentage_is_of_what_is_left_of_the_instalment_and_the_cap_is_of_the_bill(
    campus: Campus, chart: dict[str, Account], anton: User
) -> None:
    bill, *_others = late(campus, by=anton, days=(50, 40, 30))
    money.a_payment(bill.student, "3.33", by=anton)
    a_rule(campus, by=anton, percent=Decimal(10), amount=None)
    services.charge_late_fees()
    # 10 % of 30.00, then what the cap leaves of 3.33, then nothing.
    assert charged(bill) == [Decimal("3.00"), Decimal("2.00")]
    assert services.charge_late_fees() == 0


def test_what_is_paid_void_credited_or_disputed_is_charged_nothing(
    campus: Campus, chart: dict[str, Account], anton: User
) -> None:
    people.some_students(2, section=campus.section)
    paid, void, credited, disputed, *others = late(campus, by=anton)
    a_rule(campus, by=anton)
    money.a_payment(paid.student, "100", by=anton)
    services.void_invoice(invoice=void.sourced_id, reason="x", by=anton)
    services.credit_invoice(invoice=credited.sourced_id, amount=Decimal(100), reason="x", by=anton)
    by_card = money.a_payment(disputed.student, "100", method="card", by=anton)
    services.charge_back(payment=by_card.sourced_id, amount=Decimal(100), reason="x", by=anton)
    assert services.charge_late_fees() == len(others)
    assert {fee.instalment.invoice_id for fee in LateFee.objects.all()} == {each.pk for each in others}


def test_a_late_fee_that_is_late_itself_is_charged_nothing_and_let_off_it_is_not_charged_again(
    campus: Campus, chart: dict[str, Account], anton: User
) -> None:
    bill, *others = late(campus, by=anton)
    a_rule(campus, by=anton, days=1)
    services.charge_late_fees()
    fee = selectors.late_fees_of(bill)[0].invoice
    services.void_invoice(invoice=fee.sourced_id, reason="They called", by=anton)
    other = selectors.late_fees_of(others[0])[0].invoice
    services.credit_invoice(invoice=other.sourced_id, amount=Decimal("0.40"), reason="They called", by=anton)
    assert services.charge_late_fees() == 0
    # Weeks later the late fees are late as well.
    later = SCHOOL_DAY + dt.timedelta(days=30)
    assert not any(late_parts(LateFeeRule.objects.get(), later, each.student) for each in (bill, *others))
    assert list(differences()) == []


def test_a_statement_says_which_of_its_lines_are_late_fees(
    campus: Campus, chart: dict[str, Account], anton: User
) -> None:
    bill, *_others = late(campus, by=anton)
    a_rule(campus, by=anton)
    services.charge_late_fees()
    said = statement_of([bill.student], campus.institution)
    assert [(entry.kind, entry.amount) for entry in said.entries] == [("bill", 100), ("late-fee", 1)]


def test_a_campus_has_one_rule_of_a_percentage_or_an_amount(
    campus: Campus, chart: dict[str, Account], anton: User
) -> None:
    with pytest.raises(errors.LateFeeOfWhat):
        a_rule(campus, by=anton, percent=Decimal(10))
    with pytest.raises(AmountRefused):
        a_rule(campus, by=anton, cap=Decimal("0.001"))
    with pytest.raises(PermissionMissing):
        a_rule(campus, by=people.a_user("hana", role="head"))
    rule = a_rule(campus, by=anton)
    with pytest.raises(errors.LateFeeRuleTwice):
        a_rule(campus, by=anton)
    late(campus, by=anton)
    services.change_late_fee_rule(rule=rule.sourced_id, values={"retired": True}, by=anton)
    assert services.charge_late_fees() == 0


def test_the_database_takes_one_late_fee_of_a_due_day_and_keeps_it(
    campus: Campus, chart: dict[str, Account], anton: User
) -> None:
    bill, other, *_others = late(campus, by=anton)
    a_rule(campus, by=anton)
    services.charge_late_fees()
    fee = LateFee.objects.get(instalment__invoice=bill)
    with pytest.raises(IntegrityError, match="fees_latefee_instalment_id_key"), transaction.atomic():
        LateFee.objects.create(invoice=other, instalment=fee.instalment)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        LateFee.objects.filter(pk=fee.pk).update(instalment=other.instalments.get())


def test_a_late_fee_that_nothing_was_late_for_is_found(
    fresh_school: Callable[..., School], school_day: dt.date
) -> None:
    school = fresh_school()
    with inside(school):
        campus = people.a_school_year()
        people.some_students(2, section=campus.section)
        money.a_chart(campus.institution)
        anton = people.a_user("anton", role="accountant")
        bill, _other = late(campus, by=anton)
        a_rule(campus, by=anton)
        services.charge_late_fees()
        fee = selectors.late_fees_of(bill)[0].invoice
    as_the_owner(school, f"DELETE FROM fees_latefee WHERE invoice_id = {fee.pk}")
    with inside(school):
        assert [(each.code, each.id) for each in differences()] == [("late-fee-otherwise", str(fee.sourced_id))]


def test_whose_money_lies_with_the_school_is_late_with_the_rest_only(
    campus: Campus, chart: dict[str, Account], anton: User
) -> None:
    covered, partly, other, *_others = people.students_in(campus.section)
    with clock.frozen(SCHOOL_MOMENT - dt.timedelta(days=8)):
        for student, amount in ((covered, "100"), (partly, "60")):
            money.a_payment(student, amount, by=anton)
    bills = {bill.student: bill for bill in late(campus, by=anton)}
    a_rule(campus, by=anton, percent=Decimal(10), amount=None)
    services.charge_late_fees()
    assert [charged(bills[student]) for student in (covered, partly, other)] == [[], [4], [5]]


def test_a_bill_whose_late_fees_are_at_the_cap_takes_no_more_of_a_night(
    campus: Campus, chart: dict[str, Account], anton: User
) -> None:
    late(campus, by=anton, days=(40, 30))
    rule = a_rule(campus, by=anton, amount=Decimal(5))
    services.charge_late_fees()
    assert late_with(rule, SCHOOL_DAY) == []


def test_what_a_bill_was_charged_for_being_late_goes_with_it_when_it_is_void(
    campus: Campus, chart: dict[str, Account], anton: User
) -> None:
    bill, other, *_others = late(campus, by=anton)
    a_rule(campus, by=anton)
    services.charge_late_fees()
    (fee,), (paid,) = ([each.invoice for each in selectors.late_fees_of(row)] for row in (bill, other))
    pays = [services.Pays(paid.sourced_id, Decimal(1))]
    money.a_payment(other.student, "1", pays=pays, by=anton)
    for row in (bill, other):
        services.void_invoice(invoice=row.sourced_id, reason="Never enrolled", by=anton)
    fee.refresh_from_db()
    assert (fee.state, fee.void_reason) == ("void", "Never enrolled")
    assert [(note.amount, note.reason) for note in paid.credit_notes.all()] == [(1, "Never enrolled")]
    assert [statement_of([row.student], campus.institution).balance for row in (bill, other)] == [0, -1]
    assert list(differences()) == []


def test_a_rule_in_a_currency_that_the_campus_had_before_charges_nothing_until_it_is_said_anew(
    campus: Campus, chart: dict[str, Account], anton: User
) -> None:
    rule = a_rule(campus, by=anton, cap=Decimal("5.50"))
    head = people.a_user("hana", role="head")
    change_institution(institution=campus.institution, fields={"currency": "JPY"}, by=head)
    for each in (campus.institution, campus.year):
        each.refresh_from_db()
    late(campus, by=anton)
    assert (rule.currency, services.charge_late_fees()) == ("GBP", 0)
    with pytest.raises(AmountRefused):
        services.change_late_fee_rule(rule=rule.sourced_id, values={"days": 6}, by=anton)
    found = services.change_late_fee_rule(rule=rule.sourced_id, values={"cap": Decimal(5)}, by=anton)
    assert (found.currency, services.charge_late_fees() > 0) == ("JPY", True)


# --- in any order -----------------------------------------------------------------------------------------------------
STEPS = st.one_of(
    st.tuples(st.just("days"), st.integers(1, 12)),
    st.tuples(st.just("pays"), st.integers(1, 1_500)),
    st.tuples(st.just("credits"), st.integers(1, 2_000)),
    st.tuples(st.just("nights"), st.integers(1, 3)),
)
CAP = Decimal(4)


def test_in_any_order_of_paying_and_nights_a_due_day_is_charged_once_and_a_bill_never_above_its_cap(
    fresh_school: Callable[..., School], school_day: dt.date
) -> None:
    school = fresh_school()
    with inside(school):
        campus = people.a_school_year()
        (student,) = people.some_students(1, section=campus.section)
        money.a_chart(campus.institution)
        anton = people.a_user("anton", role="accountant")
        rule = a_rule(campus, by=anton, days=2, cap=CAP, amount=None, percent=Decimal(7))
    names = itertools.count(1)

    @settings(max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(STEPS, min_size=8, max_size=24))
    def holds(steps: list[tuple[str, int]]) -> None:
        moment = SCHOOL_MOMENT
        with inside(school):
            money.an_item(campus, "99.97", name=f"Item {next(names)}", by=anton)
            (bill,) = money.billed(campus, by=anton, due_on=tuple(SCHOOL_DAY + dt.timedelta(n) for n in (0, 9, 20)))
        for what, many in steps:
            if what == "days":
                moment += dt.timedelta(days=many)
            elif what == "nights":
                with clock.frozen(moment):
                    _nights(school, many, moment)
            else:
                with inside(school), clock.frozen(moment):
                    _settled(what, bill, Decimal(many) / 100, anton)
        with inside(school):
            assert [str(each) for each in differences()] == []
            sums = LateFee.objects.values("instalment__invoice").annotate(sum=Sum("invoice__total"))
            assert all(row["sum"] <= rule.cap for row in sums)
            lines = InvoiceLine.objects.filter(item=None).values("text").annotate(times=Count("pk"))
            assert all(row["times"] == 1 for row in lines)

    holds()
    with inside(school):
        # Enough has happened for the question to be the right one.
        assert LateFee.objects.values("instalment__invoice").annotate(n=Count("pk")).filter(n__gt=1).exists()
        assert Instalment.objects.filter(late_fee=None, invoice__late_fee=None).exists()
        assert student.payments.exists()


def _nights(school: School, many: int, moment: dt.datetime) -> None:
    """So many jobs at the same moment."""

    def night() -> int:
        with clock.frozen(moment):
            return services.charge_late_fees()

    at_once(school, [night] * many)


def _settled(what: str, bill: Invoice, amount: Decimal, by: User) -> None:
    """Paid or credited; a credit above the bill is refused."""
    if what == "pays":
        money.a_payment(bill.student, str(amount), by=by)
    else:
        with contextlib.suppress(SchoolOpsError):
            services.credit_invoice(invoice=bill.sourced_id, amount=amount, reason="x", by=by)
