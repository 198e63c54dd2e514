"""Whatever is billed, paid, credited, made void and given back, in any order, by two at once: the books are right."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from apps.accounts.models import User
from apps.fees import services
from apps.fees.models import Invoice, Payment, PaymentIntent, Series
from apps.fees.selectors.reconciling import differences
from apps.fees.services import NewPayment, Pays
from apps.fees.services.cards.hearing import book
from apps.students.models import Guardian
from schoolops import clock
from schoolops.context import inside
from schoolops.errors import SchoolOpsError
from schoolops.gateways.interface import GoneBack, Standing
from schoolops.tenancy.models import School
from tests.apps.at_once import at_once
from tests.factories import money, people
from tests.factories.people import SCHOOL_DAY, Campus, students_in

CENTS = st.integers(1, 200_000).map(lambda cents: Decimal(cents) / 100)
PLACES = st.integers(0, 1_000)
METHODS = st.sampled_from(Payment.Method.values)
BACK = st.sampled_from(["refund", "reverse", "bounce", "charge_back", "clear_cheque"])
Work = Callable[[], Any]


def _one(rows: Any, place: int) -> Any:
    """A row of ``rows``, the latest ones rather."""
    found = list(rows.order_by("-pk")[:6])
    return found[place % len(found)] if found else None


class Money(RuleBasedStateMachine):
    """A campus at which everything happens; each step is one thing, or two at the same moment."""

    school: ClassVar[School]
    campus: ClassVar[Campus]
    by: ClassVar[User]
    names: ClassVar[Any] = itertools.count(1)
    refusals: ClassVar[set[str]] = set()
    # What the gateway says of each order by now.
    orders: ClassVar[dict[int, Standing]] = {}

    def _do(self, *works: Work) -> None:
        """Whatever is refused is refused by name, and leaves nothing: the invariant says so."""
        for found in at_once(self.school, list(works), answer=SchoolOpsError):
            if isinstance(found, SchoolOpsError):
                self.refusals.add(found.code)

    def _billed(self) -> None:
        money.an_item(self.campus, "33.35", name=f"Item {next(self.names)}", by=self.by)
        services.bill(money.a_run(self.campus, by=self.by, due_on=(SCHOOL_DAY, SCHOOL_DAY + dt.timedelta(9))).pk)

    def _paid(self, place: int, amount: Decimal, method: str, *, named: bool, before: bool) -> None:
        student = students_in(self.campus.section)[place % 2]
        bill = _one(Invoice.objects.filter(student=student), place) if named else None
        pays = [Pays(bill.sourced_id, amount)] if bill else []
        day = SCHOOL_DAY - dt.timedelta(days=place % 5) if before else None
        new = NewPayment(amount=amount, currency="GBP", method=method, day=day, pays=pays)
        services.take_payment(student=student, payment=new, by=self.by)

    def _credit_used(self, place: int) -> None:
        services.allocate(student=students_in(self.campus.section)[place % 2], by=self.by)

    def _back(self, place: int, what: str, amount: Decimal) -> None:
        if payment := _one(Payment.objects.all(), place):
            more: dict[str, Any] = {} if what == "clear_cheque" else {"reason": "x"}
            if what in {"refund", "charge_back"}:
                more["amount"] = amount
            getattr(services, what)(payment=payment.sourced_id, **more, by=self.by)

    def _bill_changed(self, place: int, amount: Decimal | None) -> None:
        if bill := _one(Invoice.objects.all(), place):
            if amount is None:
                services.void_invoice(invoice=bill.sourced_id, reason="x", by=self.by)
            else:
                services.credit_invoice(invoice=bill.sourced_id, amount=amount, reason="x", by=self.by)

    def _card(self, place: int, amount: Decimal) -> None:
        """Somebody has paid on the gateway's page; a message of it may come at any time."""
        if len(self.orders) < 12:
            student = students_in(self.campus.section)[place % 2]
            row = PaymentIntent.objects.create(
                institution=self.campus.institution, student=student, guardian=Guardian.objects.get(), by=self.by,
                invoice=_one(Invoice.objects.filter(student=student), place), gateway="sandbox", amount=amount,
                currency="GBP", back_to="http://oak.localhost/", day=SCHOOL_DAY, at=clock.now(),
                expires_at=clock.now(), reference=f"so_{next(self.names)}",
            )  # fmt: skip
            self.orders[row.pk] = Standing("paid", amount, "GBP")

    def _happens_there(self, place: int, kind: str, amount: Decimal) -> None:
        """A refund or a dispute at the gateway, or a dispute that is won."""
        if not self.orders:
            return
        key = sorted(self.orders)[place % len(self.orders)]
        said = self.orders[key]
        gone = list(said.gone_back)
        left = said.paid - sum((each.amount for each in gone if each.stands), Decimal(0))
        if kind == "won":
            gone = [replace(each, stands=each.kind != "dispute") for each in gone]
        elif left > 0:
            gone.append(GoneBack(f"sb_{next(self.names)}", kind, min(left, amount)))  # type: ignore[arg-type]
        self.orders[key] = replace(said, gone_back=tuple(gone))

    def _told(self, place: int) -> None:
        """What a message of the gateway, or coming back from its page, leads to: the books say what it says."""
        if self.orders:
            key = sorted(self.orders)[place % len(self.orders)]
            with transaction.atomic():
                book(PaymentIntent.objects.get(pk=key), self.orders[key])

    def _closed(self, days: int) -> None:
        day = SCHOOL_DAY - dt.timedelta(days=days)
        services.close_books(institution=self.campus.institution, closed_through=day, by=self.by)

    @rule()
    def a_term_is_billed(self) -> None:
        self._do(self._billed)

    @rule(place=PLACES, amount=CENTS, method=METHODS, named=st.booleans(), before=st.booleans())
    def somebody_pays(self, place: int, amount: Decimal, method: str, named: bool, before: bool) -> None:
        self._do(lambda: self._paid(place, amount, method, named=named, before=before))

    @rule(place=PLACES, amount=CENTS, method=METHODS, more=CENTS)
    def two_cashiers_take_what_is_due(self, place: int, amount: Decimal, method: str, more: Decimal) -> None:
        one, other = (
            lambda said=said: self._paid(place, said, method, named=True, before=False) for said in (amount, more)
        )
        self._do(one, other, lambda: self._credit_used(place))

    @rule(place=PLACES, what=BACK, amount=CENTS)
    def something_goes_back(self, place: int, what: str, amount: Decimal) -> None:
        self._do(lambda: self._back(place, what, amount))

    @rule(place=PLACES, what=BACK, other=BACK, amount=CENTS)
    def two_give_back_the_same(self, place: int, what: str, other: str, amount: Decimal) -> None:
        self._do(lambda: self._back(place, what, amount), lambda: self._back(place, other, amount))

    @rule(place=PLACES, amount=st.none() | CENTS)
    def a_bill_is_void_or_credited(self, place: int, amount: Decimal | None) -> None:
        self._do(lambda: self._bill_changed(place, amount))

    @rule(place=PLACES, amount=CENTS, credited=st.none() | CENTS, days=st.integers(1, 4))
    def a_bill_is_paid_and_changed_as_a_period_is_closed(
        self, place: int, amount: Decimal, credited: Decimal | None, days: int
    ) -> None:
        self._do(
            lambda: self._paid(place, amount, "cash", named=True, before=True),
            lambda: self._bill_changed(place, credited),
            lambda: self._closed(days),
        )

    @rule(place=PLACES)
    def credit_pays_what_is_due(self, place: int) -> None:
        self._do(lambda: self._credit_used(place))

    @rule(place=PLACES, amount=CENTS)
    def somebody_pays_by_card(self, place: int, amount: Decimal) -> None:
        self._do(lambda: self._card(place, amount))

    @rule(place=PLACES, kind=st.sampled_from(["refund", "dispute", "won"]), amount=CENTS)
    def something_happens_at_the_gateway(self, place: int, kind: str, amount: Decimal) -> None:
        self._happens_there(place, kind, amount)

    @rule(place=PLACES, other=PLACES)
    def the_gateway_writes_twice_as_somebody_comes_back(self, place: int, other: int) -> None:
        self._do(lambda: self._told(place), lambda: self._told(place), lambda: self._told(other))

    @invariant()
    def the_books_are_right(self) -> None:
        with inside(self.school):
            assert [str(each) for each in differences()] == []


def test_the_books_are_right_after_anything(fresh_school: Callable[..., School], school_day: dt.date) -> None:
    Money.school = fresh_school()
    with inside(Money.school):
        Money.campus = people.a_school_year()
        people.some_students(2, section=Money.campus.section)
        money.a_chart(Money.campus.institution)
        Money.by = people.a_user("anton", role="accountant")
        people.a_guardian("mum", of=students_in(Money.campus.section))
    run_state_machine_as_test(
        Money,
        settings=settings(
            max_examples=8,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    with inside(Money.school):
        # Enough has happened for the question to be the right one.
        assert set(Series.objects.values_list("kind", flat=True)) >= {"invoice", "receipt"}
        assert Payment.objects.count() > 3
        assert PaymentIntent.objects.filter(state="paid").exists()
    assert Money.refusals
