"""Fees by rule: once for who comes, and less for brothers and sisters by their order."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from apps.accounts.models import User
from apps.fees import errors, services
from apps.fees.models import Account, Concession, Invoice
from apps.fees.selectors.charges import drafts
from apps.students.models import Enrolment, Guardian, SectionMembership, Student
from tests.apps.asking import asking
from tests.factories import money, people
from tests.factories.people import Campus


# --- on admission -----------------------------------------------------------------------------------------------------
def test_who_comes_pays_for_admission_once_and_whole(campus: Campus, chart: dict[str, Account], anton: User) -> None:
    late, *_others = people.students_in(campus.section)
    spring = campus.terms[1]
    SectionMembership.objects.filter(enrolment__student=late).delete()
    Enrolment.objects.filter(student=late).update(entered_on=spring.starts_on + dt.timedelta(days=10))
    money.an_item(campus, "90", name="Admission", on_admission=True, by=anton)
    autumn_bills = money.billed(campus, by=anton)
    assert late.pk not in {bill.student_id for bill in autumn_bills}
    assert {bill.total for bill in autumn_bills} == {90}
    # In the term after nobody else pays again, and who came in the middle of it pays all of it.
    due = spring.starts_on + dt.timedelta(days=30)
    assert [(bill.student_id, bill.total) for bill in money.billed(campus, by=anton, term=1, due_on=(due,))] == [
        (late.pk, 90)
    ]


def test_who_was_there_in_another_year_is_no_newcomer(campus: Campus, chart: dict[str, Account], anton: User) -> None:
    old, *_others = people.students_in(campus.section)
    before = type(campus.year).objects.create(
        institution=campus.institution, name="2025/26", starts_on=dt.date(2025, 9, 1), ends_on=dt.date(2026, 7, 1)
    )
    now = Enrolment.objects.get(student=old)
    Enrolment.objects.create(
        student=old, institution=campus.institution, year=before, grade_level=now.grade_level,
        entered_on=dt.date(2025, 9, 1), exited_on=dt.date(2026, 7, 1), exit_kind="promoted",
        year_ends_on=before.ends_on,
    )  # fmt: skip
    money.an_item(campus, "90", name="Admission", on_admission=True, by=anton)
    found = drafts(campus.terms[0])
    assert found[old.pk].why == "nothing-to-charge"
    assert sum(1 for draft in found.values() if draft.total == 90) == len(found) - 1


def test_who_was_billed_for_admission_is_not_billed_again_when_their_first_day_is_corrected(
    campus: Campus, chart: dict[str, Account], anton: User
) -> None:
    child, *_others = people.students_in(campus.section)
    money.an_item(campus, "90", name="Admission", on_admission=True, by=anton)
    money.billed(campus, by=anton)
    SectionMembership.objects.filter(enrolment__student=child).delete()
    spring = campus.terms[1]
    Enrolment.objects.filter(student=child).update(entered_on=spring.starts_on)
    assert drafts(spring)[child.pk].why == "billed-already"


def test_who_comes_in_the_holidays_after_a_years_last_term_is_new_in_the_next_and_who_never_came_is_new(
    campus: Campus, chart: dict[str, Account], anton: User
) -> None:
    summer, no_show, *_others = people.students_in(campus.section)
    before = type(campus.year).objects.create(
        institution=campus.institution, name="2025/26", starts_on=dt.date(2025, 9, 1), ends_on=dt.date(2026, 8, 31)
    )
    type(campus.terms[0]).objects.create(
        year=before, name="Summer", starts_on=dt.date(2026, 4, 1), ends_on=dt.date(2026, 7, 1)
    )
    for child, days in ((summer, (dt.date(2026, 7, 20), before.ends_on)), (no_show, (before.starts_on,) * 2)):
        now = Enrolment.objects.get(student=child)
        Enrolment.objects.create(
            student=child, institution=campus.institution, year=before, grade_level=now.grade_level,
            entered_on=days[0], exited_on=days[1], exit_kind="promoted", year_ends_on=before.ends_on,
        )  # fmt: skip
    money.an_item(campus, "90", name="Admission", on_admission=True, by=anton)
    found = drafts(campus.terms[0])
    assert {found[child.pk].total for child in (summer, no_show)} == {90}


# --- brothers and sisters ---------------------------------------------------------------------------------------------
def a_family(campus: Campus, *birthdays: str) -> list[Student]:
    """Children of one guardian, as old as they are said to be."""
    found = people.students_in(campus.section)[: len(birthdays)]
    for child, born in zip(found, birthdays, strict=True):
        Student.objects.filter(pk=child.pk).update(birth_date=born)
    people.a_guardian("carol", of=found)
    return found


def test_the_second_child_and_those_after_it_are_let_off_by_their_order(
    campus: Campus, chart: dict[str, Account], anton: User
) -> None:
    middle, eldest, youngest = a_family(campus, "2014-05-01", "2012-05-01", "2016-05-01")
    made = services.ask_for_siblings(year=campus.year, percents=[Decimal(10), Decimal(25)], by=anton)
    assert {row.student_id: row.percent for row in made} == {middle.pk: 10, youngest.pk: 25}
    # It counts once somebody else has approved it, and is asked for once.
    with pytest.raises(errors.NoSiblings):
        services.ask_for_siblings(year=campus.year, percents=[Decimal(10)], by=anton)
    head = people.a_user("hana", role="head")
    for row in made:
        services.approve_concession(concession=row.sourced_id, by=head)
    money.an_item(campus, by=anton)
    money.billed(campus, by=anton)
    totals = dict(Invoice.objects.filter(student__in=[eldest, middle, youngest]).values_list("student", "total"))
    assert totals == {eldest.pk: 1200, middle.pk: 1080, youngest.pk: 900}


def test_what_was_ended_is_not_asked_for_again(campus: Campus, chart: dict[str, Account], anton: User) -> None:
    a_family(campus, "2014-05-01", "2012-05-01")
    (made,) = services.ask_for_siblings(year=campus.year, percents=[Decimal(10)], by=anton)
    services.end_concession(concession=made.sourced_id, by=anton)
    with pytest.raises(errors.NoSiblings):
        services.ask_for_siblings(year=campus.year, percents=[Decimal(10)], by=anton)


def test_a_family_is_who_shares_a_guardian_who_answers_for_them(
    campus: Campus, chart: dict[str, Account], anton: User
) -> None:
    one, other = a_family(campus, "2014-05-01", "2012-05-01")
    links = Guardian.objects.get(user__username="carol").student_links
    links.update(legal_guardian=False, receives_invoices=False)
    with pytest.raises(errors.NoSiblings):
        services.ask_for_siblings(year=campus.year, percents=[Decimal(10)], by=anton)
    links.update(receives_invoices=True)
    SectionMembership.objects.filter(enrolment__student=other).delete()
    Enrolment.objects.filter(student=other).update(exited_on=campus.year.starts_on, exit_kind="withdrawn")
    with pytest.raises(errors.NoSiblings):
        services.ask_for_siblings(year=campus.year, percents=[Decimal(10)], by=anton)
    assert not Concession.objects.filter(student=one).exists()


def test_siblings_are_asked_for_over_the_api(campus: Campus, chart: dict[str, Account], anton: User) -> None:
    a_family(campus, "2014-05-01", "2012-05-01")
    ask = asking(anton)
    wrong = ask.post("concessions/siblings", {"year_id": str(campus.year.sourced_id), "percents": ["0"]})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "fees:concession-of-what")
    done = ask.post("concessions/siblings", {"year_id": str(campus.year.sourced_id), "percents": ["12.5"]})
    assert (done.status_code, done.json()) == (201, {"asked": 1})
