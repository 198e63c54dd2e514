"""A day follows what it is made from: the calendar, the rules, who is on the books, and which record is the child's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command

from apps.accounts.models import User
from apps.attendance import services, tasks
from apps.attendance.models import AttendancePolicy, AttendanceRecord, DailyAttendance
from apps.attendance.services import Days, Entry
from apps.institutions.models import CourseClass
from apps.students.models import Student
from apps.students.services import Placement, merge_students, re_enrol_student
from apps.students.services.classes import leave_class
from schoolops.context import current_school
from tests.factories.people import SCHOOL_DAY, Campus, a_class, a_school_year, some_students, students_in
from tests.factories.rolls import key_of, some_periods, take

Api = Callable[[User], Any]
ONE_DAY = dt.timedelta(days=1)
YESTERDAY = SCHOOL_DAY - ONE_DAY
MARKS = "attendance-marks"


def touched(answer: Any) -> int:
    """How many marks the answer to a write says that it touched."""
    assert answer.status_code in {200, 201}, answer.json()
    return sum(each["number"] for each in answer.json().get("touched", ()) if each["what"] == MARKS)


def calendar_day(campus: Campus, kind: str, day: dt.date = SCHOOL_DAY, **more: Any) -> dict[str, Any]:
    return {
        "institution_id": str(campus.institution.sourced_id),
        "starts_on": str(day),
        "ends_on": str(day),
        "kind": kind,
        **more,
    }


def cleared(campus: Campus, day: dt.date = SCHOOL_DAY) -> str:
    return f"calendar-days?institution_id={campus.institution.sourced_id}&from={day}&to={day}"


def rules(app: Any, campus: Campus, **values: str | int) -> Any:
    """The answer to setting rules of a campus."""
    address = f"attendance-policy/{campus.institution.sourced_id}"
    policy = AttendancePolicy.objects.filter(institution=campus.institution).first()
    return app.patch(address, {**values, "version": policy.version if policy else 0})


class Seen:
    """What each place that shows a day says of it."""

    def __init__(self, app: Any, campus: Campus, student: Student, day: dt.date = SCHOOL_DAY) -> None:
        (figures,) = [
            each
            for each in app.get(f"days/{day}").json()["results"]
            if each["institution_id"] == str(campus.institution.sourced_id)
        ]
        self.recorded, self.absent = figures["recorded"], figures["absent"]
        self.absentees = {each["student_id"] for each in app.get("absentees", day=day).json()["results"]}
        self.months = app.get(f"students/{student.sourced_id}/attendance-summary").json()["results"]
        # Marks of one roll stand in the order of their ids, which says nothing.
        self.history = sorted(
            (
                each["counts"]
                for each in app.get(f"students/{student.sourced_id}/attendance").json()["results"]
                if each["day"] == str(day)
            ),
            reverse=True,
        )
        self.derived = DailyAttendance.objects.filter(day=day, institution=campus.institution).count()

    @property
    def facts(self) -> tuple[Any, ...]:
        months = [(each["days"], each["absent"]) for each in self.months]
        return self.recorded, self.absent, self.absentees, months, self.history, self.derived


# --- the calendar -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["closure", "holiday"])
def test_a_closure_set_later_counts_nowhere_and_clearing_it_brings_the_figures_back(
    api: Api, campus: Campus, alice: User, erin: User, kind: str
) -> None:
    amina = students_in(campus.section)[0]
    take(campus.section, {amina: "A"}, by=alice)
    head, office = api(alice), api(erin)
    before = Seen(head, campus, amina).facts
    assert before == (12, 1, {str(amina.sourced_id)}, [(1, 1)], [True], 12)
    assert touched(office.put("calendar-days", calendar_day(campus, kind, title="Burst pipe"))) == 12
    assert Seen(head, campus, amina).facts == (0, 0, set(), [], [False], 0)
    assert touched(office.delete(cleared(campus))) == 12
    assert Seen(head, campus, amina).facts == before


def test_a_second_holiday_over_the_first_changes_nothing_until_the_day_is_school_again(
    api: Api, campus: Campus, alice: User, erin: User
) -> None:
    amina = students_in(campus.section)[0]
    for day in (YESTERDAY, SCHOOL_DAY):
        take(campus.section, {amina: "A"}, by=alice, day=day)
    head, office = api(alice), api(erin)
    before = [Seen(head, campus, amina, day).facts for day in (YESTERDAY, SCHOOL_DAY)]
    both = {**calendar_day(campus, "holiday", YESTERDAY, title="Autumn"), "ends_on": str(SCHOOL_DAY)}
    assert touched(office.put("calendar-days", both)) == 24
    # Another name and another kind of no school, over a part of it.
    assert touched(office.put("calendar-days", calendar_day(campus, "closure", title="Burst pipe"))) == 12
    assert Seen(head, campus, amina).facts == (0, 0, set(), [], [False], 0)
    # The closure is withdrawn: what stood below it is not brought back, and the day counts; the other holiday stays.
    assert touched(office.delete(cleared(campus))) == 12
    assert Seen(head, campus, amina).facts[:3] == before[1][:3]
    assert Seen(head, campus, amina, YESTERDAY).derived == 0
    assert touched(office.put("calendar-days", calendar_day(campus, "instructional", YESTERDAY, title="School"))) == 12
    assert [Seen(head, campus, amina, day).facts for day in (YESTERDAY, SCHOOL_DAY)] == before


def test_other_times_change_what_was_missed(api: Api, campus: Campus, alice: User, erin: User) -> None:
    amina = students_in(campus.section)[0]
    take(campus.section, {amina: "A"}, by=alice)
    short = calendar_day(campus, "timing-change", starts_at="08:00", ends_at="11:00")
    assert touched(api(erin).put("calendar-days", short)) == 12
    assert DailyAttendance.objects.get(student=amina).minutes_missed == 180
    assert touched(api(erin).delete(cleared(campus))) == 12
    assert DailyAttendance.objects.get(student=amina).minutes_missed == 420


def test_a_period_after_an_early_end_no_longer_counts(api: Api, campus: Campus, alice: User, erin: User) -> None:
    amina = students_in(campus.section)[0]
    first, _, third = some_periods(campus)
    take(campus.section, by=alice, period=first)
    take(campus.section, {amina: "A"}, by=alice, period=third)
    assert DailyAttendance.objects.get(student=amina).state == "half"
    api(erin).put("calendar-days", calendar_day(campus, "timing-change", starts_at="08:00", ends_at="09:30"))
    assert DailyAttendance.objects.get(student=amina).state == "present"


def test_a_weekday_that_becomes_weekend_counts_no_more(api: Api, campus: Campus, alice: User, erin: User) -> None:
    take(campus.section, by=alice)
    address = f"institutions/{campus.institution.sourced_id}"
    assert touched(api(erin).patch(address, {"weekend": [3, 6, 7]})) == 12
    assert not DailyAttendance.objects.exists()
    assert touched(api(erin).patch(address, {"weekend": [6, 7]})) == 12
    assert DailyAttendance.objects.count() == 12


# --- the rules --------------------------------------------------------------------------------------------------------
def test_changed_rules_hold_for_days_already_marked_and_so_does_their_way_back(
    api: Api, campus: Campus, alice: User, erin: User
) -> None:
    amina = students_in(campus.section)[0]
    take(campus.section, {amina: "A"}, by=alice)
    for period in some_periods(campus, 2):
        take(campus.section, by=alice, period=period)
    assert DailyAttendance.objects.get(student=amina).state == "absent"
    assert touched(rules(api(erin), campus, half_from_share="0.90", absent_from_share="1.00")) == 36
    assert DailyAttendance.objects.get(student=amina).state == "present"
    assert touched(rules(api(erin), campus, half_from_share="0.25", absent_from_share="0.75")) == 36
    assert DailyAttendance.objects.get(student=amina).state == "absent"


def test_a_rule_that_no_day_is_made_from_touches_none(api: Api, campus: Campus, alice: User, erin: User) -> None:
    take(campus.section, by=alice)
    assert touched(rules(api(erin), campus, edit_window_days=9)) == 0


def test_a_period_that_becomes_longer_is_longer_on_days_already_marked(
    api: Api, campus: Campus, alice: User, erin: User
) -> None:
    amina = students_in(campus.section)[0]
    (period,) = some_periods(campus, 1)
    take(campus.section, {amina: "A"}, by=alice, period=period)
    assert touched(api(erin).patch(f"periods/{period.sourced_id}", {"ends_at": "09:00"})) == 12
    assert DailyAttendance.objects.get(student=amina).minutes_missed == 60


def test_what_a_closed_year_counted_stays_whatever_the_rules_become(
    api: Api, campus: Campus, alice: User, erin: User
) -> None:
    amina = students_in(campus.section)[0]
    take(campus.section, {amina: "A"}, by=alice)
    api(erin).post(f"years/{campus.year.sourced_id}/close")
    assert touched(rules(api(erin), campus, day_ends_at="12:00")) == 0
    assert DailyAttendance.objects.get(student=amina).minutes_missed == 420
    assert services.check_days() == 0


# --- who is on the books ----------------------------------------------------------------------------------------------
def test_no_day_counts_after_the_last_and_the_withdrawal_says_what_was_marked_since(
    api: Api, campus: Campus, alice: User, dave: User
) -> None:
    amina = students_in(campus.section)[0]
    for back in (2, 1, 0):
        take(campus.section, {amina: "A"}, by=alice, day=SCHOOL_DAY - back * ONE_DAY)
    left = {"exited_on": str(YESTERDAY), "reason": "moved away"}
    assert touched(api(dave).post(f"students/{amina.sourced_id}/withdraw", left)) == 2
    head = api(alice)
    assert head.get("absentees", day=SCHOOL_DAY).json()["results"] == []
    assert list(DailyAttendance.objects.filter(student=amina).values_list("day", flat=True)) == [YESTERDAY - ONE_DAY]
    placement = Placement(
        year=campus.year, grade_level=campus.section.grade_level, entered_on=SCHOOL_DAY, section=campus.section
    )
    re_enrol_student(student=amina, placement=placement, by=dave)
    days = DailyAttendance.objects.filter(student=amina).order_by("day").values_list("day", flat=True)
    assert list(days) == [YESTERDAY - ONE_DAY, SCHOOL_DAY]


def test_marks_of_a_class_count_while_the_student_is_in_it(campus: Campus, alice: User, dave: User) -> None:
    guest = some_students(1, institution=campus.institution)[0]
    amina = students_in(campus.section)[0]
    taught = a_class(campus, students=[amina, guest])
    (period,) = some_periods(campus, 1)
    take(taught, {amina: "A"}, by=alice, period=period)
    assert DailyAttendance.objects.get(student=amina).state == "absent"
    leave_class(course_class=taught, student=amina, on=YESTERDAY, reason="was never there", by=dave)
    assert not DailyAttendance.objects.filter(student=amina).exists()


def test_a_class_that_is_taught_to_no_section_any_more_counts_its_own_students(
    api: Api, campus: Campus, alice: User, erin: User
) -> None:
    amina = students_in(campus.section)[0]
    taught = a_class(campus, students=[amina])
    CourseClass.objects.filter(pk=taught.pk).update(section=campus.section)
    (period,) = some_periods(campus, 1)
    services.mark_attendance(
        session=key_of(taught, period=period),
        marks=[services.Mark(each.sourced_id, "P") for each in students_in(campus.section)],
        expected_version=0,
        by=alice,
    )
    assert DailyAttendance.objects.count() == 12
    assert touched(api(erin).patch(f"classes/{taught.sourced_id}", {"section_id": None})) == 12
    assert list(DailyAttendance.objects.values_list("student_id", flat=True)) == [amina.pk]


# --- two records of one child -----------------------------------------------------------------------------------------
def test_a_child_counts_once_by_the_kept_records_mark(api: Api, campus: Campus, alice: User, erin: User) -> None:
    keep, duplicate, *_ = students_in(campus.section)
    take(campus.section, {duplicate: "A"}, by=alice)
    answer = api(erin).post(
        f"students/{keep.sourced_id}/merge", {"duplicate_id": str(duplicate.sourced_id), "reason": "same child"}
    )
    assert touched(answer) == 2
    assert Seen(api(alice), campus, keep).facts == (11, 0, set(), [(1, 0)], [True, False], 11)


def test_where_only_the_duplicate_was_marked_that_counts(campus: Campus, alice: User, dave: User) -> None:
    keep = students_in(campus.sections["7 C"])[0]
    duplicate = students_in(campus.section)[0]
    take(campus.section, {duplicate: "A"}, by=alice, day=YESTERDAY)
    merge_students(keep=keep, duplicate=duplicate, by=dave)
    assert DailyAttendance.objects.get(student__in=[keep, duplicate]).student == keep
    assert DailyAttendance.objects.get(student=keep).state == "absent"


def test_merging_leaves_a_locked_roll_as_it_is_and_its_mark_counts_for_the_child(
    campus: Campus, alice: User, dave: User
) -> None:
    keep = some_students(1, institution=campus.institution)[0]
    duplicate = students_in(campus.section)[0]
    sheet = take(campus.section, {duplicate: "A"}, by=alice)
    services.lock_roll(roll=sheet.sourced_id, reason="inspected", by=alice)
    merge_students(keep=keep, duplicate=duplicate, by=dave)
    assert AttendanceRecord.objects.get(session=sheet, student=duplicate).state == "absent"
    assert not sheet.changes.filter(by=None).exists()
    assert DailyAttendance.objects.get(student=keep).state == "absent"
    assert not DailyAttendance.objects.filter(student=duplicate).exists()


def test_what_the_desk_and_leave_said_of_the_duplicate_reaches_rolls_of_the_kept_record(
    campus: Campus, alice: User, dave: User
) -> None:
    keep, duplicate, *_ = students_in(campus.section)
    take(campus.section, {keep: "A"}, by=alice)
    take(campus.section, {keep: "A"}, by=alice, day=YESTERDAY)
    services.enter_at_desk(student=duplicate.sourced_id, day=SCHOOL_DAY, entry=Entry(code="S"), by=dave)
    leave = services.request_leave(
        student=duplicate.sourced_id, starts_on=YESTERDAY, ends_on=YESTERDAY, reason="a wedding", by=dave
    )
    services.approve_leave(leave=leave.sourced_id, by=dave)
    merge_students(keep=keep, duplicate=duplicate, by=dave)
    assert set(DailyAttendance.objects.filter(student=keep).values_list("state", "excused")) == {("absent", True)}


# --- looking and healing ----------------------------------------------------------------------------------------------
def test_the_nightly_check_finds_what_differs_and_the_command_heals_it(
    campus: Campus, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    amina, bilal, *_ = students_in(campus.section)
    take(campus.section, {amina: "A"}, by=alice)
    assert services.check_days() == 0
    DailyAttendance.objects.filter(student=amina).update(state="present", minutes_missed=0)
    DailyAttendance.objects.filter(student=bilal).delete()
    with caplog.at_level("ERROR", logger="apps.attendance"):
        assert services.check_days() == 2
    assert campus.institution.name in caplog.text
    derived = services.derive_in_chunks(Days(SCHOOL_DAY, SCHOOL_DAY, institution=campus.institution.pk))
    assert (derived.marks, derived.days) == (12, 2)
    assert services.check_days() == 0


def test_what_is_too_much_for_a_request_runs_as_a_job_and_the_answer_says_so(
    api: Api, campus: Campus, alice: User, erin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    amina = students_in(campus.section)[0]
    take(campus.section, {amina: "A"}, by=alice, day=YESTERDAY)
    take(campus.section, {amina: "A"}, by=alice)
    monkeypatch.setattr("apps.attendance.subscribers.AT_ONCE", 20)
    answer = rules(api(erin), campus, day_ends_at="12:00")
    (told,) = answer.json()["touched"]
    assert (told["number"], told["job_id"] > 0) == (24, True)
    assert set(DailyAttendance.objects.filter(student=amina).values_list("minutes_missed", flat=True)) == {420}
    monkeypatch.setattr("apps.attendance.services.days.AT_ONCE", 12)
    done = tasks.derive_days(first=dt.date.min, last=dt.date.max, students=[], institution=campus.institution.pk)
    assert done == {"marks": 24, "days": 2}
    assert set(DailyAttendance.objects.filter(student=amina).values_list("minutes_missed", flat=True)) == {240}


def test_a_chunk_costs_the_same_statements_for_one_mark_and_for_many(
    campus: Campus, alice: User, query_count: Any
) -> None:
    few, many = campus.sections["7 C"], campus.section
    take(few, by=alice)
    days = Days(SCHOOL_DAY, SCHOOL_DAY, institution=campus.institution.pk)
    with query_count() as one:
        services.derive_days(days)
    take(many, by=alice)
    with query_count(one.count):
        services.derive_days(days)


def test_the_command_says_what_it_did_for_each_campus(campus: Campus, alice: User, capsys: Any) -> None:
    take(campus.section, by=alice)
    DailyAttendance.objects.all().delete()
    slug = current_school().slug
    days = ("--from", str(YESTERDAY), "--to", str(SCHOOL_DAY), "--school", slug)
    call_command("derive_days", *days, "--check")
    assert f"{slug}, {campus.institution.name}: 12 days differ" in capsys.readouterr().out
    call_command("derive_days", *days)
    assert f"{slug}, {campus.institution.name}: 12 marks, 12 days changed" in capsys.readouterr().out
    assert DailyAttendance.objects.count() == 12


def test_rules_are_of_their_campus(campus: Campus, alice: User, erin: User, api: Api) -> None:
    take(campus.section, {students_in(campus.section)[0]: "A"}, by=alice)
    other = a_school_year(name="Annexe")
    assert touched(rules(api(erin), other, day_ends_at="12:00")) == 0
    assert AttendancePolicy.objects.get(institution=other.institution).version == 1


def test_rules_by_which_an_absence_may_count_as_present_say_so_when_set_and_beside_the_day(
    api: Api, campus: Campus, alice: User, erin: User
) -> None:
    amina = students_in(campus.section)[0]
    take(campus.section, {amina: "A"}, by=alice)
    for period in some_periods(campus, 2):
        take(campus.section, by=alice, period=period)
    (note,) = rules(api(erin), campus, half_from_share="0.90", absent_from_share="1.00").json()["notes"]
    assert note.startswith("A child marked absent in the daily roll may count as present")
    history = api(alice).get(f"students/{amina.sourced_id}/attendance").json()["results"]
    assert {(each["code"], each["day_counts_as"]) for each in history} == {("A", "present"), ("P", "present")}
    assert rules(api(erin), campus, half_from_share="0.25", absent_from_share="0.75").json()["notes"] == []
    assert rules(api(erin), campus, half_from_share="0.60", period_rolls=False).json()["notes"] == []
