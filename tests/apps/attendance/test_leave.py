"""Leave is asked for, decided, and then on every roll it touches."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from apps.access.errors import OutOfReach, PermissionMissing
from apps.access.models import Role, RoleAssignment
from apps.accounts.models import User
from apps.attendance import services
from apps.attendance.errors import (
    CodeInUse,
    CodeUnknown,
    LeaveAlreadyDecided,
    LeaveEndsBeforeItStarts,
    LeaveOverlaps,
    LeaveTooLong,
    LeaveUnknown,
    NothingLeftToCount,
)
from apps.attendance.models import AttendanceCode, DailyAttendance, DayState, Leave
from apps.attendance.selectors import roll
from apps.attendance.services import Entry
from apps.students.models import Student
from schoolops.tenancy.models import School
from tests.factories.people import SCHOOL_DAY, Campus, a_guardian, a_school_year, some_students, students_in
from tests.factories.rolls import key_of, said_of, take
from tests.factories.talking import Browser

ONE_DAY = dt.timedelta(days=1)
YESTERDAY = SCHOOL_DAY - ONE_DAY


@pytest.fixture
def amina(campus: Campus) -> Student:
    return students_in(campus.section)[0]


def ask(student: Student, by: User, first: dt.date = SCHOOL_DAY, last: dt.date = SCHOOL_DAY, **more: Any) -> Leave:
    return services.request_leave(
        student=student.sourced_id, starts_on=first, ends_on=last, reason="A wedding", by=by, **more
    )


def test_a_guardian_asks_and_nothing_happens_until_it_is_decided(
    campus: Campus, amina: Student, carol: User, alice: User
) -> None:
    leave = ask(amina, carol)
    assert (leave.state, leave.code.code, leave.requested_by) == ("requested", "E", carol)
    assert said_of(amina, take(campus.section, by=alice)).state == "present"


def test_approved_it_is_on_rolls_already_taken_and_on_later_ones(
    campus: Campus, amina: Student, carol: User, alice: User, dave: User
) -> None:
    taken = take(campus.section, by=alice, day=YESTERDAY)
    leave = ask(amina, carol, YESTERDAY, SCHOOL_DAY)
    services.approve_leave(leave=leave.sourced_id, by=dave)
    assert (said_of(amina, taken).state, said_of(amina, taken).office_code.code) == ("absent", "E")
    suggested = {each["student_id"]: each["code"] for each in roll(key_of(campus.section), by=alice)["records"]}
    assert suggested[amina.sourced_id] == "E"
    assert said_of(amina, take(campus.section, by=alice)).state == "absent"
    assert set(DailyAttendance.objects.filter(student=amina).values_list("state", "excused")) == {("absent", True)}


def test_the_desk_knows_better_than_leave(campus: Campus, amina: Student, alice: User, dave: User) -> None:
    services.approve_leave(leave=ask(amina, dave).sourced_id, by=dave)
    services.enter_at_desk(student=amina.sourced_id, day=SCHOOL_DAY, entry=Entry(code="P"), by=dave)
    assert said_of(amina, take(campus.section, by=alice)).state == "present"


def test_locked_rolls_stay_and_are_named(campus: Campus, amina: Student, alice: User, dave: User) -> None:
    locked = take(campus.section, by=alice, day=YESTERDAY)
    services.lock_roll(roll=locked.sourced_id, reason="done", by=alice)
    taken = take(campus.section, by=alice)
    leave = ask(amina, dave, YESTERDAY, SCHOOL_DAY)
    _, days = services.approve_leave(leave=leave.sourced_id, by=dave)
    assert days == (YESTERDAY,)
    assert (said_of(amina, locked).state, said_of(amina, taken).state) == ("present", "absent")


def test_cancelled_the_teachers_marks_count_again(campus: Campus, amina: Student, alice: User, dave: User) -> None:
    taken = take(campus.section, by=alice)
    leave = ask(amina, dave)
    services.approve_leave(leave=leave.sourced_id, by=dave)
    services.cancel_leave(leave=leave.sourced_id, note="The wedding is off", by=dave)
    assert said_of(amina, taken).state == "present"
    assert DailyAttendance.objects.get(student=amina).state == "present"


def test_it_is_not_cancelled_where_a_roll_would_say_nothing(
    api: Callable[[User], Any], campus: Campus, amina: Student, alice: User, dave: User
) -> None:
    leave = ask(amina, dave, code="S")
    services.approve_leave(leave=leave.sourced_id, by=dave)
    app, address = api(alice), f"sections/{campus.section.sourced_id}/roll/{SCHOOL_DAY}"
    records = [{"student_id": e["student_id"], "code": e["code"]} for e in app.get(address).json()["records"]]
    assert app.put(address, {"records": records}).status_code == 200
    with pytest.raises(NothingLeftToCount):
        services.cancel_leave(leave=leave.sourced_id, by=dave)


def test_it_is_decided_once(amina: Student, carol: User, dave: User) -> None:
    leave = ask(amina, carol)
    services.refuse_leave(leave=leave.sourced_id, note="Exams", by=dave)
    with pytest.raises(LeaveAlreadyDecided, match="refused"):
        services.approve_leave(leave=leave.sourced_id, by=dave)
    assert ask(amina, carol).state == "requested"


def test_who_asked_takes_it_back_only_while_it_is_undecided(amina: Student, carol: User, dave: User) -> None:
    services.cancel_leave(leave=ask(amina, carol).sourced_id, by=carol)
    leave = ask(amina, carol)
    services.approve_leave(leave=leave.sourced_id, by=dave)
    with pytest.raises(LeaveAlreadyDecided):
        services.cancel_leave(leave=leave.sourced_id, by=carol)


def test_another_guardians_request_is_not_taken_back(amina: Student, carol: User) -> None:
    leave = ask(amina, carol)
    with pytest.raises(LeaveUnknown):
        services.cancel_leave(leave=leave.sourced_id, by=a_guardian(of=[amina]))


def test_who_decides_at_one_campus_asks_as_a_guardian_at_another(campus: Campus, amina: Student, carol: User) -> None:
    other = a_school_year(name="Other Campus")
    RoleAssignment.objects.create(user=carol, role=Role.objects.get(code="registrar"), institution=other.institution)
    paper = io.BytesIO()
    Image.new("RGB", (8, 8)).save(paper, "PNG")
    leave = ask(amina, carol, attachment=paper.getvalue())
    assert services.attachment_of(leave.sourced_id, by=carol)[1].startswith("image/")
    services.cancel_leave(leave=leave.sourced_id, by=carol)
    [(leave,), _] = services.enter_leave(
        students=[amina.sourced_id], starts_on=SCHOOL_DAY, ends_on=SCHOOL_DAY, reason="A wedding", by=carol
    )
    assert leave.state == "requested"
    theirs = a_guardian(of=[amina])
    services.cancel_leave(leave=leave.sourced_id, by=carol)
    of_another = ask(amina, theirs, attachment=paper.getvalue())
    with pytest.raises(LeaveUnknown):
        services.attachment_of(of_another.sourced_id, by=carol)
    with pytest.raises(LeaveUnknown):
        services.cancel_leave(leave=of_another.sourced_id, by=carol)
    # Where they decide they do.
    (there,) = some_students(1, section=other.section)
    decided, _ = services.enter_leave(
        students=[there.sourced_id], starts_on=SCHOOL_DAY, ends_on=SCHOOL_DAY, reason="A wedding", by=carol
    )
    assert decided[0].state == "approved"
    assert services.cancel_leave(leave=decided[0].sourced_id, by=carol)[0].state == "cancelled"


def test_a_guardian_asks_for_their_own_children_and_decides_nothing(
    campus: Campus, amina: Student, carol: User
) -> None:
    with pytest.raises(OutOfReach):
        ask(students_in(campus.section)[1], carol)
    leave = ask(amina, carol)
    with pytest.raises(PermissionMissing, match=r"leave\.decide"):
        services.approve_leave(leave=leave.sourced_id, by=carol)


def test_it_refuses_what_cannot_be(amina: Student, dave: User) -> None:
    ask(amina, dave, SCHOOL_DAY, SCHOOL_DAY + ONE_DAY)
    with pytest.raises(LeaveOverlaps):
        ask(amina, dave, SCHOOL_DAY + ONE_DAY, SCHOOL_DAY + 3 * ONE_DAY)
    with pytest.raises(LeaveEndsBeforeItStarts):
        ask(amina, dave, SCHOOL_DAY, YESTERDAY)
    with pytest.raises(LeaveTooLong):
        ask(amina, dave, SCHOOL_DAY, SCHOOL_DAY + 366 * ONE_DAY)
    for letter in ("P", "?"):
        with pytest.raises(CodeUnknown):
            ask(amina, dave, code=letter)


def test_a_long_leave_takes_as_many_queries_as_a_short_one(
    campus: Campus, amina: Student, alice: User, dave: User, query_count: Any
) -> None:
    for number in range(3):
        take(campus.section, by=alice, day=SCHOOL_DAY - number * ONE_DAY)
    long = ask(amina, dave, SCHOOL_DAY - 2 * ONE_DAY, SCHOOL_DAY - ONE_DAY)
    short = ask(amina, dave)
    with query_count() as one:
        services.approve_leave(leave=short.sourced_id, by=dave)
    with query_count(one.count):
        services.approve_leave(leave=long.sourced_id, by=dave)


def test_over_http_who_does_both_is_answered_both(
    api: Callable[[User], Any], amina: Student, carol: User, alice: User
) -> None:
    other = a_school_year(name="Other Campus")
    RoleAssignment.objects.create(user=carol, role=Role.objects.get(code="registrar"), institution=other.institution)
    (there,) = some_students(1, section=other.section)
    for asked, what in ((ask(amina, carol), "cancel"), (ask(there, alice), "approve")):
        answer = api(carol).post(f"leaves/{asked.sourced_id}/{what}", {"note": ""})
        assert (answer.status_code, answer.json()["id"]) == (200, str(asked.sourced_id))


def test_over_http(api: Callable[[User], Any], amina: Student, carol: User, dave: User) -> None:
    guardian, office = api(carol), api(dave)
    body = {
        "student_id": str(amina.sourced_id),
        "starts_on": "2026-11-05",
        "ends_on": "2026-11-06",
        "reason": "A wedding",
    }
    made = guardian.post("leaves", body)
    assert (made.status_code, made.json()["state"]) == (201, "requested")
    assert made["Location"].endswith(made.json()["id"])
    assert guardian.get(f"leaves/{made.json()['id']}").json()["reason"] == "A wedding"
    assert [each["id"] for each in office.get("leaves", state="requested").json()["results"]] == [made.json()["id"]]
    decided = office.post(f"leaves/{made.json()['id']}/approve", {"note": "Enjoy"}).json()
    assert (decided["state"], decided["decided_by"], decided["locked_days"]) == ("approved", "Dave", [])
    overlap = guardian.post("leaves", body)
    assert (overlap.status_code, overlap.json()["code"]) == (409, "attendance:leave-overlaps")


# --- halves -----------------------------------------------------------------------------------------------------------
def _by_service(amina: Student, dave: User, code: AttendanceCode, api: Any, office: Any) -> str:
    with pytest.raises(CodeUnknown) as refused:
        ask(amina, dave, code=code.code)
    return refused.value.code


def _over_http(amina: Student, dave: User, code: AttendanceCode, api: Any, office: Any) -> str:
    body = {
        "student_id": str(amina.sourced_id),
        "starts_on": "2026-11-05",
        "ends_on": "2026-11-05",
        "reason": "Dentist",
    }
    answer = api(dave).post("leaves", {**body, "code": code.code})
    assert answer.status_code == 422
    return str(answer.json()["code"])


def _in_the_office(amina: Student, dave: User, code: AttendanceCode, api: Any, office: Any) -> str:
    said = {"student": amina.pk, "starts_on": "2026-11-05", "ends_on": "2026-11-05", "reason": "Dentist"}
    answer = office(dave).post("/office/attendance/leave/add/", {**said, "code": code.pk})
    # Not offered, or refused by the service: either way it stands at its field.
    assert set(answer.context["adminform"].form.errors) == {"code"}
    return "attendance:code-unknown"


@pytest.mark.parametrize("state", [DayState.HALF, DayState.PRESENT])
@pytest.mark.parametrize("door", [_by_service, _over_http, _in_the_office])
def test_leave_is_of_whole_days_by_every_door(
    amina: Student,
    dave: User,
    api: Callable[[User], Any],
    client_for: Callable[..., Any],
    in_oak: School,
    state: str,
    door: Callable[..., str],
) -> None:
    """A code of half a day is no leave: who is away for half a day is entered at the desk, for that day."""
    code = AttendanceCode.objects.filter(state=state).order_by("position")[0]
    assert door(amina, dave, code, api, lambda user: Browser(client_for(in_oak), user)) == "attendance:code-unknown"
    assert not Leave.objects.exists()


def test_a_code_that_leave_names_does_not_become_half_a_day(amina: Student, dave: User, erin: User) -> None:
    """Not while it is asked for, and not afterwards either."""
    leave = ask(amina, dave)
    for _ in range(2):
        with pytest.raises(CodeInUse):
            services.change_code(
                code=leave.code.sourced_id, values={"state": DayState.HALF}, expected_version=None, by=erin
            )
        leave.refresh_from_db()
        if leave.state == Leave.State.REQUESTED:
            services.approve_leave(leave=leave.sourced_id, by=dave)
    assert Leave.objects.get().code.state == DayState.ABSENT


def test_no_excused_absence_is_made_of_a_half(amina: Student, dave: User) -> None:
    """Where the school has no code of an excused absence, a code must be said; half a day is never taken instead."""
    AttendanceCode.objects.filter(state=DayState.ABSENT, excused=True).update(retired=True)
    AttendanceCode.objects.create(code="HX", name="Half, excused", direction="out", state=DayState.HALF, excused=True)
    with pytest.raises(CodeUnknown):
        ask(amina, dave)
