"""The demo's schools are made in one go, a second time changes nothing, and every login works."""

from __future__ import annotations

import datetime as dt
import io
import json
from dataclasses import replace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.accounts.models import User
from apps.accounts.services import log_in
from apps.demo.management.commands import demo_schools
from apps.demo.services import furnish, recall
from apps.demo.services.casts import ELM, OAK, OPERATOR
from apps.fees.models import Account
from apps.institutions.models import AcademicYear
from apps.office.start.selectors.start import birthdays, trend
from apps.staff.models import StaffMember
from apps.students.models import ClassEnrolment, SectionMembership, Student
from apps.students.services import merge_students
from schoolops import clock
from schoolops.context import inside, outside_schools
from schoolops.tenancy.models import School
from tests.factories.schools import remove_school

DEMO = replace(OAK, slug="oak-demo", name="Oak Demo School")


@pytest.fixture
def demo(real_commits: None) -> Any:
    school = furnish(DEMO)
    yield school
    remove_school(school)


def rows_of(school: School) -> dict[str, int]:
    with inside(school), connection.cursor() as cursor:
        return {table: _count(cursor, table) for table in connection.introspection.table_names(cursor)}


def _count(cursor: Any, table: str) -> int:
    cursor.execute(f'SELECT count(*) FROM "{table}"')
    return int(cursor.fetchone()[0])


def test_making_it_again_changes_nothing(demo: School) -> None:
    before = rows_of(demo)
    furnish(DEMO)
    assert rows_of(demo) == before


def test_it_starts_again_whatever_people_made_of_the_demos_people(demo: School) -> None:
    with inside(demo):
        erin = User.objects.get(username=next(each.username for each in DEMO.logins if each.role == "administrator"))
        # The student with a login, a child of the guardian: both live on in another record.
        with_login = Student.objects.get(user__isnull=False)
        keep = Student.objects.filter(user=None).latest("pk")
        merge_students(keep=keep, duplicate=with_login, reason="the same child", by=erin)
        # Somebody left a class and came back, and a member of staff has another number.
        seat = ClassEnrolment.objects.filter(ends_on=None).exclude(student__in=[keep, with_login]).earliest("pk")
        ended = seat.starts_on + dt.timedelta(days=7)
        ClassEnrolment.objects.filter(pk=seat.pk).update(ends_on=ended)
        ClassEnrolment.objects.create(course_class=seat.course_class, student=seat.student, starts_on=ended)
        StaffMember.objects.filter(user=erin).update(staff_number="changed")
    for _ in range(2):
        furnish(DEMO)
    with inside(demo):
        assert Student.objects.get(user__isnull=False) == keep
        assert StaffMember.objects.get(user=erin).staff_number == "changed"


def test_everybody_can_log_in(demo: School) -> None:
    with inside(demo):
        for login in DEMO.logins:
            assert log_in(login=login.username, password=login.password(DEMO.slug)).user.username == login.username


def test_its_campus_keeps_books(demo: School) -> None:
    with inside(demo):
        assert set(Account.objects.exclude(purpose="").values_list("purpose", flat=True)) == set(Account.Purpose.values)


def test_it_has_a_past_that_is_made_once(demo: School) -> None:
    today = dt.date(2026, 11, 4)
    with clock.frozen(dt.datetime.combine(today, dt.time(12), dt.UTC)):
        furnish(DEMO)
        recall(demo)
    with inside(demo):
        head = User.objects.get(username="alice")
        shares = trend(today, by=head)
        assert [share.recorded for share in shares] == [31] * 10
        assert max(share.day for share in shares) == today - dt.timedelta(days=1)
        assert [each.day.day for each in birthdays(today, by=head)][:2] == [4, 6]
    before = rows_of(demo)
    with clock.frozen(dt.datetime.combine(today + dt.timedelta(days=7), dt.time(12), dt.UTC)):
        recall(demo)
    assert rows_of(demo) == before


def test_section_7_b_has_a_roster_in_several_scripts(demo: School) -> None:
    with inside(demo):
        names = [
            member.student.full_name
            for member in SectionMembership.objects.on(clock.today(DEMO.timezone))
            .filter(section__name="B", section__grade_level__code="07")
            .select_related("student")
        ]
    assert len(names) >= 12
    assert sum(not name.isascii() for name in names) >= 8


@pytest.mark.parametrize("later", [dt.date(2028, 2, 29), dt.date(2031, 8, 1)])
def test_a_later_year_is_begun_when_its_day_has_come(demo: School, later: dt.date) -> None:
    with clock.frozen(dt.datetime.combine(later, dt.time(12), dt.UTC)):
        furnish(DEMO)
    with inside(demo):
        active = AcademicYear.objects.get(state="active")
        assert active.contains(later)
        on_that_day = SectionMembership.objects.on(later).count()
        assert on_that_day == Student.objects.count() == sum(map(len, DEMO.sections.values()))
    furnish(DEMO)
    with inside(demo):
        assert AcademicYear.objects.get(state="active").contains(clock.today(DEMO.timezone))


def test_nobody_is_at_both_schools() -> None:
    def names(demo: Any) -> set[str]:
        people = [f"{given} {family}" for section in demo.sections.values() for given, family in section]
        return {*people, *(login.username for login in demo.logins), *(login.given_name for login in demo.logins)}

    assert names(OAK) & names(ELM) == set()


def test_the_last_line_tells_machines_where_to_go(demo: School, monkeypatch: pytest.MonkeyPatch) -> None:
    # Not Oak and Elm themselves: those are every test's.
    monkeypatch.setattr(demo_schools, "SCHOOLS", (DEMO,))
    said = io.StringIO()
    call_command("demo_schools", stdout=said)
    made = json.loads(said.getvalue().splitlines()[-1])
    with outside_schools():
        olga = User.objects.get(username=OPERATOR.username)
        assert olga.check_password("olga-of-operator-demo")
        with connection.cursor() as cursor:
            # A model's own delete would look for what belongs to her in tables that only schools have.
            cursor.execute("DELETE FROM accounts_user WHERE id = %s", [olga.pk])
    assert made["operators"] == {
        "host": "localhost",
        "logins": [{"username": "olga", "password": "olga-of-operator-demo", "role": "operator"}],
    }
    (school,) = made["schools"]
    assert (school["slug"], school["host"], school["name"]) == ("oak-demo", "oak-demo.localhost", "Oak Demo School")
    assert {"username": "bob", "password": "bob-of-oak-demo-demo", "role": "teacher"} in school["logins"]


def test_it_refuses_production(settings: Any) -> None:
    settings.SETTINGS_MODULE = "config.settings.production"
    with pytest.raises(CommandError, match="Not in production"):
        call_command("demo_schools")
