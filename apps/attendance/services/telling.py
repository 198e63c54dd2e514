"""What people are told of attendance: absences once they are sure, corrections, who came late, leave decided."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Min, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy, gettext_noop

from apps.accounts.models import User
from apps.attendance import selectors
from apps.attendance.models import AttendanceRecord, AttendanceSession, DailyAttendance, DayState, Leave
from apps.institutions.models import CourseClass, Institution, Section
from apps.institutions.selectors import Todays, school_today
from apps.notifications import services as notifications
from apps.notifications.models import HANDED, Channel, Message
from apps.notifications.services import About, Fact, Told
from apps.staff.models import TeachingAssignment
from schoolops import clock
from schoolops.audit import trail

ABSENT, CORRECTED, LATE = "attendance.absent", "attendance.corrected", "attendance.late"
LEAVE, WARNING, NOT_TAKEN = "attendance.leave-decided", "attendance.warning", "attendance.roll-not-taken"
# What was on a day further back is history by the time it is entered.
DAYS_BACK = 1
DAYS_TOLD = DAYS_BACK + 2
# Channel → guardians, by key.
ByChannel = dict[str, tuple[int, ...]]
_ABSENT = Q(state=DayState.ABSENT, excused=False)


@transaction.atomic
def tell_of_day(students: Collection[int], day: dt.date) -> int:
    """Let people be told what this day of students says by now, after the time for corrections; how much there is.

    What is not so any more when it is to be sent is not sent; of what was sent the same guardians get a correction,
    and an absence after that is another one. A dozen queries.
    """
    todays = Todays()
    days = {
        row.student_id: row
        for row in DailyAttendance.objects.filter(student__in=students, day=day)
        if 0 <= (todays[row.institution_id] - day).days <= DAYS_BACK
    }
    if not days:
        return 0
    said = notifications.outgoing()
    due = clock.now() + dt.timedelta(minutes=said.window_minutes)
    absent = {each for each, row in days.items() if row.state == DayState.ABSENT and not row.excused}
    told = _told_of(days, day)
    absences, corrections = [], []
    for student in sorted(days):
        # Each correction that went out ends a round.
        times = len(told[CORRECTED][student])
        key, of_them = _key(day, times), told[ABSENT][student]
        about = About(key=key, student=student, institution=days[student].institution_id)
        if student in absent:
            absences.append(about)
        else:
            corrections += [replace(about, guardians=whom, channel=by) for by, whom in of_them.get(key, {}).items()]
    corrected = {each.student for each in corrections}
    late = [
        About(key=f"{day}", student=each, institution=row.institution_id)
        for each, row in sorted(days.items())
        if row.late and row.state != DayState.ABSENT and each not in corrected
    ]
    number = notifications.tell(ABSENT, absences, due_at=due)
    number += notifications.tell(CORRECTED, corrections)
    number += notifications.tell(LATE, late, due_at=due)
    return number + _warn(absent, days, day, due, said.absences, said.absences_in_days)


def _key(day: dt.date, times: int) -> str:
    return f"{day}/{times}" if times else f"{day}"


def _told_of(students: Iterable[int], day: dt.date) -> Mapping[str, Mapping[int, dict[str, ByChannel]]]:
    """By fact and student: which rounds of a day were told, or may have been, by which channel to which guardians."""
    rows = Message.objects.filter(
        student__in=students, fact__in=(ABSENT, CORRECTED), key__startswith=f"{day}", state__in=HANDED
    )
    found: dict[str, dict[int, dict[str, ByChannel]]] = {ABSENT: defaultdict(dict), CORRECTED: defaultdict(dict)}
    told = rows.order_by("guardian").values_list("fact", "student", "key", "channel", "guardian")
    for fact, student, key, channel, guardian in told:
        if guardian is not None:
            by = found[fact][student].setdefault(key, {})
            by[channel] = (*by.get(channel, ()), guardian)
    return found


def _warn(
    absent: Collection[int],
    days: Mapping[int, DailyAttendance],
    day: dt.date,
    due: dt.datetime,
    from_so_many: int,
    within: int,
) -> int:
    """Let class teachers know of who was absent so often of late: once in that time."""
    if not absent or not from_so_many:
        return 0
    often = _often(absent, day, from_so_many, within)
    since = clock.now() - dt.timedelta(days=within)
    known: set[int | None] = set(
        Message.objects.filter(fact=WARNING, student__in=often, made_at__gt=since).values_list("student", flat=True)
    )
    sections = {section for each in often if (section := days[each].section_id) is not None}
    teachers = _class_teachers(sections, day)
    return notifications.tell(
        WARNING,
        [
            About(key=f"{day}", student=each, institution=days[each].institution_id, users=users)
            for each in sorted(often)
            if each not in known and (users := teachers.get(days[each].section_id or 0))
        ],
        due_at=due,
    )


def _often(students: Iterable[int], day: dt.date, from_so_many: int, within: int) -> dict[int, int]:
    rows = DailyAttendance.objects.filter(_ABSENT, student__in=students)
    rows = rows.filter(day__gt=day - dt.timedelta(days=within), day__lte=day)
    counted = rows.order_by().values_list("student").annotate(number=Count("pk"))
    return {student: number for student, number in counted if number >= from_so_many}


def _class_teachers(sections: Collection[int], day: dt.date) -> dict[int, tuple[int, ...]]:
    rows = TeachingAssignment.objects.on(day).filter(section__in=sections, staff__user__isnull=False)
    found: dict[int, list[int]] = defaultdict(list)
    for section, user in rows.order_by("pk").values_list("section", "staff__user"):
        found[section].append(user)
    return {section: tuple(users) for section, users in found.items()}


def tell_of_leave(leave_id: int) -> None:
    """Let guardians be told that leave was decided."""
    leave = Leave.objects.select_related("student").get(pk=leave_id)
    about = About(key=str(leave.sourced_id), student=leave.student_id, institution=leave.student.institution_id)
    notifications.tell(LEAVE, [about])


@transaction.atomic
def remind_of_rolls(*, day: dt.date, by: User) -> int:
    """Let who takes the rolls of ``day`` that nobody has taken be reminded, once of each; how many are by this.

    Those within ``by``'s reach; nobody reminds themselves. A number of queries that does not grow with them.

    Raises:
        PermissionMissing.
    """
    rolls = selectors.rolls_not_taken(day, by=by)
    staff = selectors.who_takes(rolls, day)
    campuses = dict(
        Institution.objects.filter(sourced_id__in={roll["institution_id"] for roll in rolls}).values_list(
            "sourced_id", "pk"
        )
    )
    about: list[About] = []
    reminded: set[int] = set()
    told = set(Message.objects.filter(fact=NOT_TAKEN, key__startswith=f"{day}/").values_list("key", "user"))
    for roll, teachers in zip(rolls, staff, strict=True):
        key = _key_of_roll(roll, day)
        users = {each.user_id for each in teachers if each.user_id not in (None, by.pk)}
        if users := {each for each in users if (key, each) not in told}:
            about.append(About(key=key, institution=campuses[roll["institution_id"]], users=tuple(sorted(users))))
            reminded |= users
    if about:
        notifications.tell(NOT_TAKEN, about)
        of_these = set(campuses.values())
        trail.record_many(
            trail.entry_of(
                by, "attendance.teachers-reminded", campus,
                after={"day": day, "rolls": sum(each.institution == campus.pk for each in about)},
            )
            for campus in Institution.objects.filter(pk__in=of_these & {each.institution for each in about})
        )  # fmt: skip
    return len(reminded)


def _key_of_roll(roll: Mapping[str, Any], day: dt.date) -> str:
    """Day, section or class, and where it is of a period when that begins."""
    group = roll["section_id"] if roll["kind"] == "daily" else roll["class_id"]
    return f"{day}/{group.hex}/" + (f"{roll['period']['starts_at']:%H:%M}" if roll["period"] else "")


# --- what is so as they are sent --------------------------------------------------------------------------------------
def _day_of(message: Message) -> dt.date:
    return dt.date.fromisoformat(message.key[:10])


def _days_of(messages: Sequence[Message]) -> dict[tuple[int, dt.date], DailyAttendance]:
    rows = DailyAttendance.objects.filter(
        student__in={each.student_id for each in messages}, day__in={_day_of(each) for each in messages}
    )
    return {(row.student_id, row.day): row for row in rows}


def _still(messages: Sequence[Message], *, absent: bool) -> dict[int, Told]:
    days = _days_of(messages)
    told: dict[int, Told] = {}
    for each in messages:
        row = days.get((each.student_id or 0, _day_of(each)))
        is_absent = row is not None and row.state == DayState.ABSENT and not row.excused
        if is_absent == absent:
            told[each.pk] = {"day": _day_of(each)}
    return told


def _still_absent(messages: Sequence[Message]) -> dict[int, Told]:
    return _still(messages, absent=True)


def _absent_no_more(messages: Sequence[Message]) -> dict[int, Told]:
    return _still(messages, absent=False)


def _came_late(messages: Sequence[Message]) -> dict[int, Told]:
    days = _days_of(messages)
    arrivals = AttendanceRecord.objects.filter(
        student__in={student for student, _ in days}, day__in={day for _, day in days}, arrived_at__isnull=False
    )
    first = {
        (student, day): at
        for student, day, at in arrivals.order_by().values_list("student", "day").annotate(at=Min("arrived_at"))
    }
    told: dict[int, Told] = {}
    for each in messages:
        key = (each.student_id or 0, _day_of(each))
        if (row := days.get(key)) is None or not row.late or each.student is None:
            continue
        at = f" ({first[key]:%H:%M})" if key in first else ""
        told[each.pk] = {"day": key[1], "child": f"{each.student.full_name}{at}"}
    return told


_DECISIONS = {Leave.State.APPROVED: gettext_lazy("approved"), Leave.State.REFUSED: gettext_lazy("refused")}


def _decided(messages: Sequence[Message]) -> dict[int, Told]:
    rows = {
        row.sourced_id: row
        for row in Leave.objects.filter(sourced_id__in=[UUID(each.key) for each in messages], state__in=_DECISIONS)
    }
    return {
        each.pk: {
            "first": row.starts_on,
            "last": row.ends_on,
            "decision": _DECISIONS[Leave.State(row.state)],
            "note": row.decision_note,
        }
        for each in messages
        if (row := rows.get(UUID(each.key))) is not None
    }


def _absent_often(messages: Sequence[Message]) -> dict[int, Told]:
    said = notifications.outgoing()
    told: dict[int, Told] = {}
    for day in sorted({_day_of(each) for each in messages}):
        those = [each for each in messages if _day_of(each) == day]
        often = _often({each.student_id for each in those if each.student_id}, day, 1, said.absences_in_days)
        sections = dict(DailyAttendance.objects.filter(student__in=often, day=day).values_list("student", "section"))
        teachers = _class_teachers({each for each in sections.values() if each}, school_today())
        for each in those:
            number = often.get(each.student_id or 0, 0)
            teaches = each.user_id in teachers.get(sections.get(each.student_id or 0) or 0, ())
            if number >= said.absences and teaches:
                told[each.pk] = {"number": number, "days": said.absences_in_days}
    return told


def _still_to_take(messages: Sequence[Message]) -> dict[int, Told]:
    keys = {each.pk: each.key.split("/") for each in messages}
    groups = [UUID(group) for _day, group, _starts in keys.values()]
    sheets = AttendanceSession.objects.filter(
        Q(section__sourced_id__in=groups) | Q(course_class__sourced_id__in=groups),
        day__in={_day_of(each) for each in messages},
        taken_at__isnull=False,
    ).annotate(of=Coalesce("section__sourced_id", "course_class__sourced_id"))
    taken = {
        (day, group, f"{starts:%H:%M}" if starts else "")
        for day, group, starts in sheets.values_list("day", "of", "period__starts_at")
    }
    called: dict[UUID, str] = {
        each.sourced_id: str(each)
        for each in (
            *Section.objects.filter(sourced_id__in=groups).select_related("grade_level"),
            *CourseClass.objects.filter(sourced_id__in=groups),
        )
    }
    told: dict[int, Told] = {}
    for each in messages:
        _said, group, starts = keys[each.pk]
        if (_day_of(each), UUID(group), starts) not in taken and UUID(group) in called:
            told[each.pk] = {"day": _day_of(each), "roll": " ".join(filter(None, (called[UUID(group)], starts)))}
    return told


_DAY = {"day": gettext_noop("the day")}
notifications.declare(
    Fact(
        code=ABSENT,
        name=gettext_noop("Absent without leave"),
        placeholders=_DAY,
        subject=gettext_noop("Absent today: {children}"),
        text=gettext_noop(
            "Hello {name},\n\n{children}: absent on {day}, and nobody has told us why.\n\n"
            "Please let us know: {link}\n\n{school}"
        ),
        short=gettext_noop("{school}: {children} absent on {day}. Please let us know why. {link}"),
        read=_still_absent,
    ),
    Fact(
        code=CORRECTED,
        name=gettext_noop("Absence corrected"),
        placeholders=_DAY,
        subject=gettext_noop("Correction: {children} not absent"),
        text=gettext_noop(
            "Hello {name},\n\nwe told you that {children} was absent on {day}. That was wrong or is settled by now."
            "\n\n{school}\n{link}"
        ),
        short=gettext_noop("{school}: a correction. {children} not absent without leave on {day}."),
        read=_absent_no_more,
    ),
    Fact(
        code=LATE,
        name=gettext_noop("Came late"),
        placeholders=_DAY,
        subject=gettext_noop("Late today: {children}"),
        text=gettext_noop("Hello {name},\n\n{children}: late on {day}.\n\n{school}\n{link}"),
        short=gettext_noop("{school}: {children} late on {day}."),
        read=_came_late,
        on=frozenset({Channel.INBOX}),
    ),
    Fact(
        code=LEAVE,
        name=gettext_noop("Leave decided"),
        placeholders={
            "first": gettext_noop("the first day"),
            "last": gettext_noop("the last day"),
            "decision": gettext_noop("“approved” or “refused”"),
            "note": gettext_noop("what was noted with the decision"),
        },
        subject=gettext_noop("Leave for {children}: {decision}"),
        text=gettext_noop(
            "Hello {name},\n\nleave for {children} from {first} to {last}: {decision}.\n{note}\n\n{school}\n{link}"
        ),
        short=gettext_noop("{school}: leave for {children} from {first} to {last}: {decision}."),
        read=_decided,
    ),
    Fact(
        code=WARNING,
        name=gettext_noop("Absent often, for class teachers"),
        placeholders={
            "number": gettext_noop("on how many days"),
            "days": gettext_noop("within how many days"),
        },
        subject=gettext_noop("Absent often: {children}"),
        text=gettext_noop(
            "Hello {name},\n\n{children} was absent without leave on {number} days of the last {days}.\n\n{school}"
        ),
        short=gettext_noop("{children}: absent on {number} of {days} days."),
        read=_absent_often,
    ),
    Fact(
        code=NOT_TAKEN,
        name=gettext_noop("Roll not taken, for teachers"),
        placeholders={**_DAY, "roll": gettext_noop("the section or class, and when it meets")},
        subject=gettext_noop("Please take the roll of {roll}"),
        text=gettext_noop(
            "Hello {name},\n\nthe roll of {roll} on {day} has not been taken yet. Please take it.\n\n{school}"
        ),
        short=gettext_noop("{school}: please take the roll of {roll} on {day}."),
        read=_still_to_take,
        of_children=False,
    ),
)
