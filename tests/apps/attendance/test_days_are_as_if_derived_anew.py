"""Whatever happened in whatever order, each day is what somebody would count who saw only what there is now."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from apps.accounts.models import User
from apps.attendance import selectors, services
from apps.attendance.models import AttendanceCode, AttendanceRecord, DailyAttendance
from apps.attendance.services import Entry
from apps.institutions.models import CalendarDay, Institution
from apps.institutions.services import clear_days, set_days
from apps.institutions.services.years import DayKind
from apps.office.attendance.selectors.register import register_of
from apps.students.models import ClassEnrolment, SectionMembership, Student
from apps.students.services import Placement, merge_students, move_section, re_enrol_student, withdraw_student
from apps.timetable.models import Period
from schoolops.errors import SchoolOpsError
from tests.factories.people import SCHOOL_DAY, Campus, a_class, a_section, students_in
from tests.factories.rolls import key_of, some_periods

ONE_DAY = dt.timedelta(days=1)
DAYS = [SCHOOL_DAY - back * ONE_DAY for back in (2, 1, 0)]
Api = Callable[[User], Any]


# --- what somebody would count ----------------------------------------------------------------------------------------
def minutes(since: dt.time, until: dt.time) -> Decimal:
    return Decimal((until.hour - since.hour) * 60 + until.minute - since.minute)


class Reader:
    """Reads everything row by row, in Python, without a statement of the product."""

    def __init__(self) -> None:
        self.special = {(row.institution_id, row.day): row for row in CalendarDay.objects.all()}
        self.members = [
            (row.student_id, row.section, row.starts_on, row.ends_on or row.section.year.ends_on + ONE_DAY)
            for row in SectionMembership.objects.select_related("section__year").order_by("starts_on", "pk")
        ]
        self.places = [
            (row.student_id, row.course_class_id, row.starts_on, row.ends_on or row.course_class.year.ends_on + ONE_DAY)
            for row in ClassEnrolment.objects.select_related("course_class__year")
        ]
        self.kept = dict(Student.objects.values_list("pk", "merged_into_id"))
        self.records = list(
            AttendanceRecord.objects.select_related("session__period", "session__course_class", "institution")
        )
        self.spoken = {(record.student_id, record.day) for record in self.records}
        self.codes = {code.pk: code for code in AttendanceCode.objects.all()}

    def days(self) -> dict[tuple[int, dt.date], tuple[Any, ...]]:
        """(student, day) → section, state, excused, late, minutes missed."""
        by_day: dict[tuple[int, dt.date], dict[int, list[AttendanceRecord]]] = defaultdict(lambda: defaultdict(list))
        for record in self.records:
            if self.counts(record):
                child = self.kept[record.student_id] or record.student_id
                by_day[child, record.day][record.student_id].append(record)
        return {at: self.told(*at, said.get(at[0]) or said[min(said)]) for at, said in by_day.items()}

    def counts(self, record: AttendanceRecord) -> bool:
        kept = self.kept[record.student_id]
        if kept is not None and (kept, record.day) in self.spoken:
            return False
        special, period = self.special.get((record.institution_id, record.day)), record.session.period
        if special is None and record.day.isoweekday() in record.institution.weekend:
            return False
        if special is not None and special.kind in ("closure", "holiday"):
            return False
        if (
            special is not None
            and special.kind == "timing-change"
            and period is not None
            and (period.starts_at >= special.ends_at or period.ends_at <= special.starts_at)
        ):
            return False
        child, taught = {record.student_id, kept}, record.session.course_class
        if (taught is None or taught.section_id is not None) and any(
            student in child and section.institution_id == record.institution_id and begins <= record.day < ends
            for student, section, begins, ends in self.members
        ):
            return True
        return taught is not None and any(
            student in child and place == taught.pk and begins <= record.day < ends
            for student, place, begins, ends in self.places
        )

    def told(self, child: int, day: dt.date, said: list[AttendanceRecord]) -> tuple[Any, ...]:
        policy = selectors.policy_of(
            Institution.objects.select_related("attendance_policy").get(pk=said[0].institution_id)
        )
        special = self.special.get((said[0].institution_id, day))
        other_times = special is not None and special.kind == "timing-change"
        whole = missed = Decimal(0)
        daily: Decimal | None = None
        excuses, late = [], False
        for record in said:
            period = record.session.period
            begins, ends = policy.day_starts_at, policy.day_ends_at
            if other_times and special is not None:
                begins, ends = special.starts_at, special.ends_at
            if period is not None:
                begins, ends = period.starts_at, period.ends_at
            length = max(Decimal(1), minutes(begins, ends))
            away = max(Decimal(0), minutes(begins, record.arrived_at)) if record.arrived_at else Decimal(0)
            away += max(Decimal(0), minutes(record.left_at, ends)) if record.left_at else Decimal(0)
            missing = min(length, away)
            if record.state == "absent":
                missing = length
            elif record.state == "half":
                missing = min(length, max(length / 2, away))
            whole, missed = whole + length, missed + missing
            daily = max(daily or length, length) if period is None else daily
            if missing:
                excuses.append(record.excused)
            late = late or self.codes[record.code].late
        share = missed / whole
        state = "present"
        if share >= policy.absent_from_share:
            state = "absent"
        elif share >= policy.half_from_share:
            state = "half"
        home = [
            section.pk for student, section, begins, ends in self.members if student == child and begins <= day < ends
        ]
        section = home[-1] if home else max((r.section_id for r in said if r.section_id), default=None)
        lost = int((share * (daily or whole)).quantize(Decimal(1), rounding=ROUND_HALF_UP))
        return section, state, bool(excuses) and all(excuses), late, lost


# --- what happens -----------------------------------------------------------------------------------------------------
class School:
    """Somebody does something, by chance; what is refused did not happen."""

    def __init__(self, campus: Campus, people: dict[str, User], dice: random.Random) -> None:
        self.campus, self.people, self.dice = campus, people, dice
        self.sections = list(campus.sections.values())
        self.taught = a_class(campus, students=students_in(self.sections[0])[:3])
        self.periods: list[Period] = some_periods(campus, 2)
        self.campus_year = {"year": campus.year, "grade_level": self.sections[0].grade_level}

    def student(self) -> Student:
        found: Student = self.dice.choice(list(Student.objects.filter(merged_into=None).order_by("pk")))
        return found

    def take_a_roll(self) -> None:
        group, period = self.dice.choice(
            [
                *((each, None) for each in self.sections),
                (self.sections[0], self.periods[0]),
                (self.taught, self.periods[1]),
            ]
        )
        key = key_of(group, self.dice.choice(DAYS), period)
        place = selectors.place_of(key)
        sheet = place.sessions().first()
        services.mark_attendance(
            session=key,
            marks=[
                services.Mark(each.sourced_id, self.dice.choice("PPPALEH"))
                for each in Student.objects.filter(place.roster())
            ],
            expected_version=sheet.version if sheet else 0,
            by=self.people["alice"],
        )

    def tell_the_desk(self) -> None:
        entry = self.dice.choice([Entry(code="S"), Entry(arrived_at=dt.time(9, 30)), Entry(left_at=dt.time(13))])
        services.enter_at_desk(
            student=self.student().sourced_id, day=self.dice.choice(DAYS), entry=entry, by=self.people["dave"]
        )

    def let_stay_away(self) -> None:
        first = self.dice.choice(DAYS)
        leave = services.request_leave(
            student=self.student().sourced_id, starts_on=first, ends_on=SCHOOL_DAY, reason="x", by=self.people["dave"]
        )
        services.approve_leave(leave=leave.sourced_id, by=self.people["dave"])

    def change_the_calendar(self) -> None:
        day, by = self.dice.choice(DAYS), self.people["erin"]
        kinds = [DayKind("closure"), DayKind("timing-change", "", dt.time(8), dt.time(8, 50)), DayKind("instructional")]
        where = {"institution": self.campus.institution, "starts_on": day, "ends_on": day, "by": by}
        if self.dice.random() < 0.5:
            clear_days(**where)
        else:
            set_days(what=self.dice.choice(kinds), **where)

    def change_the_rules(self) -> None:
        shares = self.dice.choice([("0.25", "0.75"), ("0.90", "1.00"), ("0.05", "0.30")])
        values = {"half_from_share": Decimal(shares[0]), "absent_from_share": Decimal(shares[1])}
        services.set_policy(
            institution=self.campus.institution.sourced_id, values=values, expected_version=None, by=self.people["erin"]
        )

    def move(self) -> None:
        section = self.dice.choice(self.sections)
        move_section(
            student=self.student(), section=section, on=self.dice.choice(DAYS), reason="x", by=self.people["dave"]
        )

    def withdraw(self) -> None:
        withdraw_student(student=self.student(), on=self.dice.choice(DAYS), reason="x", by=self.people["dave"])

    def come_back(self) -> None:
        placement = Placement(
            **self.campus_year, entered_on=self.dice.choice(DAYS), section=self.dice.choice(self.sections)
        )
        re_enrol_student(student=self.student(), placement=placement, reason="x", by=self.people["dave"])

    def merge(self) -> None:
        merge_students(keep=self.student(), duplicate=self.student(), by=self.people["dave"])


HAPPENS = (
    [School.take_a_roll] * 6
    + [School.tell_the_desk, School.let_stay_away, School.change_the_calendar, School.change_the_calendar]
    + [School.change_the_rules, School.move, School.withdraw, School.withdraw, School.come_back, School.come_back]
    + [School.merge, School.merge]
)


@pytest.mark.parametrize("seed", range(4))
def test_each_day_is_what_there_is_now_would_make_it(
    campus: Campus, api: Api, alice: User, dave: User, erin: User, seed: int
) -> None:
    dice = random.Random(seed)
    a_section(3, campus=campus, name="7 D")
    school = School(campus, {"alice": alice, "dave": dave, "erin": erin}, dice)
    done: list[str] = []
    for _ in range(30):
        act = dice.choice(HAPPENS)
        try:
            act(school)
        except SchoolOpsError as refusal:
            done.append(f"{act.__name__}: {refusal.code}")
            continue
        done.append(act.__name__)
        fields = ("section_id", "state", "excused", "late", "minutes_missed")
        known = {
            (row.student_id, row.day): tuple(getattr(row, name) for name in fields)
            for row in DailyAttendance.objects.all()
        }
        assert known == Reader().days(), done
    assert sum(":" not in each for each in done) > 10
    everywhere_the_same(api(alice), alice, campus)


def everywhere_the_same(app: Any, by: User, campus: Campus) -> None:
    """Figures, absentees, summaries and registers say of the days what the table says."""
    for day in DAYS:
        rows = list(DailyAttendance.objects.filter(day=day).select_related("student"))
        (figures,) = app.get(f"days/{day}").json()["results"]
        absent = {str(row.student.sourced_id) for row in rows if row.state == "absent"}
        assert (figures["recorded"], figures["absent"]) == (len(rows), len(absent))
        assert {each["student_id"] for each in app.get("absentees", day=day, limit=200).json()["results"]} == absent
    for student in Student.objects.filter(merged_into=None):
        months = app.get(f"students/{student.sourced_id}/attendance-summary").json()["results"]
        assert sum(month["days"] for month in months) == DailyAttendance.objects.filter(student=student).count()
    shown = {
        (line.student_id, day): row.state
        for section in campus.sections.values()
        for line in register_of(section.sourced_id, SCHOOL_DAY, by=by).lines
        for day, row in line.days.items()
    }
    for row in DailyAttendance.objects.select_related("student", "section"):
        assert shown.get((row.student.sourced_id, row.day), row.state) == row.state
