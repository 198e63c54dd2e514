"""A roll is taken whole, and taking it again replaces what was said."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import uuid4

import pytest

from apps.access.errors import OutOfReach, PermissionMissing
from apps.accounts.models import User
from apps.attendance import services
from apps.attendance.errors import (
    DayInTheFuture,
    EditWindowOver,
    MarksRefused,
    NotInstructional,
    OutsideYear,
    PeriodUnknown,
    RollChangedMeanwhile,
)
from apps.attendance.events import AttendanceMarked
from apps.attendance.models import AttendanceChange, AttendancePolicy, AttendanceRecord, AttendanceSession
from apps.attendance.selectors import SessionKey
from apps.attendance.services import Mark
from apps.institutions.models import CalendarDay
from schoolops import events
from schoolops.audit.models import AuditEntry
from tests.factories.people import SCHOOL_DAY, Campus, a_section, a_user, some_students, students_in
from tests.factories.rolls import key_of, marks, said_of, some_periods, take

ONE_DAY = dt.timedelta(days=1)


def refusals(refused: pytest.ExceptionInfo[Any]) -> list[tuple[str, str]]:
    return [(each.field, each.code) for each in refused.value.errors]


def test_it_records_every_student_once(campus: Campus, alice: User) -> None:
    first, second, *rest = students_in(campus.section)
    sheet = take(campus.section, {first: "A", second: "L"}, by=alice)
    assert (sheet.version, sheet.state, sheet.taken_by) == (1, "submitted", alice)
    assert (said_of(first, sheet).state, said_of(second, sheet).state) == ("absent", "present")
    assert AttendanceRecord.objects.filter(session=sheet).count() == 2 + len(rest)


def test_marking_again_replaces(campus: Campus, alice: User) -> None:
    first, second, *_ = students_in(campus.section)
    take(campus.section, {first: "A"}, by=alice)
    sheet = take(campus.section, {second: "A"}, by=alice, version=1)
    assert sheet.version == 2
    assert AttendanceSession.objects.count() == 1
    assert set(AttendanceRecord.objects.filter(state="absent").values_list("student_id", flat=True)) == {second.pk}


def test_marking_again_keeps_one_line_of_history_per_change(campus: Campus, alice: User) -> None:
    first, *_ = students_in(campus.section)
    sheet = take(campus.section, {first: "A"}, by=alice)
    take(campus.section, {first: "L"}, by=alice, version=1)
    told = AttendanceChange.objects.filter(session=sheet, student=first).order_by("id")
    assert [(each.session_version, each.before and each.before["code"], each.after["code"]) for each in told] == [
        (1, None, "A"),
        (2, "A", "L"),
    ]
    assert AttendanceChange.objects.filter(session_version=2).count() == 1


def test_the_trail_says_who_took_the_roll(campus: Campus, alice: User) -> None:
    first, *_ = students_in(campus.section)
    sheet = take(campus.section, {first: "A"}, by=alice)
    entry = AuditEntry.objects.get(action="attendance.marked")
    assert (entry.object_id, entry.actor_name) == (str(sheet.sourced_id), "Alice")
    assert entry.after == {"version": 1, "students": 12, "absent": 1, "changed": 12}


def test_the_event_names_those_whose_mark_changed(campus: Campus, alice: User, published: list[Any]) -> None:
    first, second, *_ = students_in(campus.section)
    take(campus.section, {first: "A"}, by=alice)
    take(campus.section, {first: "E", second: "A"}, by=alice, version=1)
    marked = [event for event in published if isinstance(event, AttendanceMarked)]
    assert [len(event.students) for event in marked] == [12, 2]


def test_it_takes_as_many_queries_for_60_as_for_5(campus: Campus, alice: User, query_count: Any) -> None:
    small, large = a_section(5, campus=campus, name="8 A"), a_section(60, campus=campus, name="8 B")
    take(campus.section, by=alice)  # Her roles are read once per request.
    for section in (small, large):
        everybody = marks(section, {students_in(section)[0]: "A"})
        with query_count(7):
            services.mark_attendance(session=key_of(section), marks=everybody, expected_version=None, by=alice)
        everybody = marks(section, dict.fromkeys(students_in(section), "A"))
        with query_count(7):
            services.mark_attendance(session=key_of(section), marks=everybody, expected_version=1, by=alice)


def test_every_student_must_be_named(campus: Campus, alice: User) -> None:
    all_but_one = marks(campus.section)[1:]
    with pytest.raises(MarksRefused) as refused:
        services.mark_attendance(session=key_of(campus.section), marks=all_but_one, expected_version=0, by=alice)
    assert refusals(refused) == [("records", "student-missing")]
    assert students_in(campus.section)[0].full_name in refused.value.errors[0].message
    assert not AttendanceRecord.objects.exists()


def test_each_wrong_record_is_named_with_its_place(campus: Campus, alice: User) -> None:
    right = marks(campus.section)
    wrong = [
        Mark(right[0].student_id, "A", arrived_at=dt.time(9)),
        Mark(right[1].student_id, "P", arrived_at=dt.time(9), left_at=dt.time(8)),
        Mark(right[2].student_id, "?"),
        Mark(right[3].student_id, "S"),
        *right[4:],
        right[4],
        Mark(uuid4(), "P"),
    ]
    with pytest.raises(MarksRefused) as refused:
        services.mark_attendance(session=key_of(campus.section), marks=wrong, expected_version=0, by=alice)
    assert refusals(refused) == [
        ("records.0.arrived_at", "not-possible"),
        ("records.1.left_at", "not-possible"),
        ("records.2.code", "unknown"),
        ("records.3.code", "office-only"),
        ("records.12.student_id", "named-twice"),
        ("records.13.student_id", "not-on-the-roll"),
    ]


def test_the_roll_is_that_of_its_day(campus: Campus, alice: User) -> None:
    joined, left = (
        some_students(1, section=campus.section, since=SCHOOL_DAY)[0],
        some_students(1, section=campus.section, until=SCHOOL_DAY)[0],
    )
    yesterday = take(campus.section, by=alice, day=SCHOOL_DAY - ONE_DAY)
    today = take(campus.section, by=alice)
    assert set(yesterday.records.values_list("student_id", flat=True)) - set(
        today.records.values_list("student_id", flat=True)
    ) == {left.pk}
    assert joined.pk in today.records.values_list("student_id", flat=True)


def test_a_student_who_was_never_there_leaves_the_roll_when_it_is_corrected(campus: Campus, alice: User) -> None:
    first, *_ = students_in(campus.section)
    sheet = take(campus.section, {first: "A"}, by=alice)
    membership = first.memberships.get()
    membership.ends_on = SCHOOL_DAY
    membership.save()
    take(campus.section, by=alice, version=1)
    assert not sheet.records.filter(student=first).exists()
    assert not first.days.exists()
    assert AttendanceChange.objects.filter(student=first, after__isnull=True).count() == 1


def test_it_refuses_a_stale_version_and_says_what_changed(campus: Campus, alice: User, dave: User) -> None:
    first, *_ = students_in(campus.section)
    take(campus.section, by=alice)
    take(campus.section, {first: "A"}, by=dave, version=1)
    with pytest.raises(RollChangedMeanwhile) as refused:
        take(campus.section, by=alice, version=1)
    told = refused.value.members
    assert (told["version"], told["changed_by"]["name"]) == (2, "Dave")
    assert [(each["student_id"], each["before"]["code"], each["after"]["code"]) for each in told["changes"]] == [
        (str(first.sourced_id), "P", "A")
    ]


def test_who_thinks_it_was_never_taken_does_not_overwrite_it(campus: Campus, alice: User) -> None:
    take(campus.section, by=alice)
    with pytest.raises(RollChangedMeanwhile):
        take(campus.section, by=alice)


def test_it_refuses_a_day_that_has_not_begun(campus: Campus, alice: User) -> None:
    with pytest.raises(DayInTheFuture):
        take(campus.section, by=alice, day=SCHOOL_DAY + ONE_DAY)


def test_it_refuses_a_day_outside_the_year(campus: Campus, alice: User) -> None:
    with pytest.raises(OutsideYear):
        take(campus.section, by=alice, day=campus.year.starts_on - ONE_DAY)


@pytest.mark.parametrize("kind", [CalendarDay.Kind.HOLIDAY, CalendarDay.Kind.CLOSURE])
def test_it_refuses_a_day_without_school_and_says_why(campus: Campus, alice: User, kind: str) -> None:
    campus.institution.calendar.create(day=SCHOOL_DAY, kind=kind, title="Founders’ day")
    with pytest.raises(NotInstructional, match="Founders’ day"):
        take(campus.section, by=alice)


def test_it_refuses_a_weekend_unless_the_calendar_says_there_is_school(campus: Campus, alice: User) -> None:
    sunday = SCHOOL_DAY - 3 * ONE_DAY
    with pytest.raises(NotInstructional, match="weekend"):
        take(campus.section, by=alice, day=sunday)
    campus.institution.calendar.create(day=sunday, kind=CalendarDay.Kind.INSTRUCTIONAL)
    assert take(campus.section, by=alice, day=sunday).version == 1


def test_it_refuses_a_day_beyond_the_edit_window(campus: Campus, alice: User) -> None:
    AttendancePolicy.objects.create(institution=campus.institution, edit_window_days=2)
    assert take(campus.section, by=alice, day=SCHOOL_DAY - 2 * ONE_DAY).version == 1
    campus.institution.calendar.create(day=SCHOOL_DAY - 3 * ONE_DAY, kind=CalendarDay.Kind.INSTRUCTIONAL)
    with pytest.raises(EditWindowOver, match="for 2 days"):
        take(campus.section, by=alice, day=SCHOOL_DAY - 3 * ONE_DAY)


def test_it_refuses_a_period_of_another_campus(campus: Campus, alice: User) -> None:
    some_periods(campus, 1)
    with pytest.raises(PeriodUnknown):
        services.mark_attendance(
            session=SessionKey(day=SCHOOL_DAY, section=campus.section.sourced_id, period=uuid4()),
            marks=[],
            expected_version=0,
            by=alice,
        )


def test_nobody_marks_without_the_permission_or_a_section_that_is_not_there(campus: Campus, alice: User) -> None:
    with pytest.raises(PermissionMissing, match=r"attendance\.mark"):
        take(campus.section, by=a_user("amir", role="accountant"))
    with pytest.raises(OutOfReach):
        services.mark_attendance(
            session=SessionKey(day=SCHOOL_DAY, section=uuid4()), marks=[], expected_version=0, by=alice
        )


def test_an_empty_roll_can_be_taken(campus: Campus, alice: User) -> None:
    assert take(a_section(0, campus=campus, name="9 A"), by=alice).version == 1


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every event that was published, beside its consequences."""
    heard: list[Any] = []
    really = events.publish

    def listen(event: object) -> None:
        heard.append(event)
        really(event)

    monkeypatch.setattr(events, "publish", listen)
    return heard
