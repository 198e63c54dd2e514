"""The API of attendance."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Concat, Trim
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access import services as access
from apps.accounts.models import User
from apps.attendance import selectors, services
from apps.attendance.api import serializers as s
from apps.attendance.errors import CodeNotFound, DeskEntryUnknown, LeaveUnknown
from apps.attendance.models import AttendanceCode, DayState, Leave
from apps.attendance.selectors import SessionKey
from schoolops.api import parameters, versions
from schoolops.api.errors import refused
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import ApiViewSet, Columns, RowViewSet, answer, created, gone, valid, with_version

DAY = Parameter(parameters.day, about="The day; today unless said.")
INSTITUTION = Parameter(parameters.public_id, where="institution__sourced_id", about="One campus only.")
SECTION = Parameter(parameters.public_id, where="section__sourced_id", about="One section only.")
STUDENT = Parameter(parameters.public_id, where="student__sourced_id", about="One student only.")


def actor(request: Request) -> User:
    """Who asks; the door (``LoggedIn``) let nobody else in."""
    assert isinstance(request.user, User)  # noqa: S101 - narrows the type
    return request.user


def day_of(text: str) -> dt.date:
    """The day in an address. Raises ``ValidationFailed``."""
    try:
        return parameters.day(text)
    except ValueError as wrong:
        raise refused("day", "invalid", str(wrong)) from None


def student_columns() -> dict[str, str]:
    """Who a row is about."""
    return {
        "student_id": "student__sourced_id",
        "given_name": "student__given_name",
        "family_name": "student__family_name",
        "admission_number": "student__admission_number",
    }


def name_of(user: str) -> Combinable:
    """The name of the user that ``user`` points to; empty where it points to nobody."""
    return Trim(Concat(f"{user}__given_name", Value(" "), f"{user}__family_name"))


class RollViewSet(ApiViewSet):
    """One roll: a section's of the day or a period, or a class's of a period."""

    def _key(
        self, day: str, section: UUID | None = None, course_class: UUID | None = None, period: UUID | None = None
    ) -> SessionKey:
        return SessionKey(day=day_of(day), section=section, course_class=course_class, period=period)

    @extend_schema(summary="A roll, before and after it was taken", responses=s.RollOut)
    def retrieve(self, request: Request, **where: Any) -> HttpResponse:
        """The students on the roll as of its day, with what was marked or, before that, what is suggested."""
        self.asked_for(request)
        return with_version(selectors.roll(self._key(**where), by=actor(request)))

    @extend_schema(summary="Mark a whole roll", request=s.RollIn, responses=s.RollOut)
    def replace(self, request: Request, **where: Any) -> HttpResponse:
        """Record who was present; marking again replaces. Every student on the roll exactly once."""
        key, by = self._key(**where), actor(request)
        given = valid(s.RollIn, request.data)
        services.mark_attendance(
            session=key,
            marks=[services.Mark(**mark) for mark in given["records"]],
            expected_version=versions.expected(request, required=False),
            by=by,
        )
        return with_version(selectors.roll(key, by=by))

    @extend_schema(summary="Re-open a day's roll", request=s.ReopenIn, responses=s.RollOut)
    def reopen(self, request: Request, **where: Any) -> HttpResponse:
        """Let a locked roll be changed for a while, also one that nobody took in time."""
        key, by = self._key(**where), actor(request)
        given = valid(s.ReopenIn, request.data)
        services.reopen_day(session=key, reason=given["reason"], lasting=given["lasting"], by=by)
        return with_version(selectors.roll(key, by=by))


class TakenRollViewSet(ApiViewSet):
    """A roll by its id: locking and re-opening."""

    @extend_schema(summary="Lock a roll", request=s.LockIn, responses=s.RollHeadOut)
    def lock(self, request: Request, id: UUID) -> HttpResponse:
        """Let nobody change the roll until it is re-opened."""
        given = valid(s.LockIn, request.data)
        sheet = services.lock_roll(roll=id, reason=given["reason"], by=actor(request))
        return with_version(selectors.head_of(sheet))

    @extend_schema(summary="Re-open a roll", request=s.ReopenIn, responses=s.RollHeadOut)
    def reopen(self, request: Request, id: UUID) -> HttpResponse:
        """Let a locked roll be changed for a while, with a reason; it locks itself again."""
        given = valid(s.ReopenIn, request.data)
        sheet = services.reopen_roll(roll=id, reason=given["reason"], lasting=given["lasting"], by=actor(request))
        return with_version(selectors.head_of(sheet))


class RollHistoryViewSet(RowViewSet):
    """Everything that was ever said in one roll, newest first."""

    out = s.ChangeOut
    columns: ClassVar[Columns] = {
        **student_columns(),
        "version": "session_version",
        "before": "before",
        "after": "after",
        "by_id": "by__sourced_id",
        "by": name_of("by"),
        "at": "at",
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-id",)}
    export_name = "roll-history"

    def rows(self) -> QuerySet[Any]:
        return selectors.changes_of(self.kwargs["id"], by=actor(self.request))


class StudentHistoryViewSet(RowViewSet):
    """Every record of one student, newest first."""

    out = s.HistoryOut
    columns: ClassVar[Columns] = {
        "day": "day",
        "roll_id": "session__sourced_id",
        "section_id": "session__section__sourced_id",
        "class_id": "session__course_class__sourced_id",
        "class": "session__course_class__title",
        "period_id": "session__period__sourced_id",
        "period": "session__period__name",
        "code": Coalesce("office_code__code", "teacher_code__code"),
        "state": "state",
        "excused": "excused",
        "arrived_at": "arrived_at",
        "left_at": "left_at",
        "remark": "remark",
        "changed_at": "changed_at",
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-day", "-session_id")}
    filters: ClassVar[dict[str, Parameter]] = {
        "since": Parameter(parameters.day, where="day__gte", about="This day and later."),
        "until": Parameter(parameters.day, where="day__lte", about="This day and earlier."),
        "state": Parameter(parameters.one_of(DayState), where="state", about="What counts."),
    }
    export_name = "attendance"

    def rows(self) -> QuerySet[Any]:
        return selectors.history_of(self.kwargs["id"], by=actor(self.request))


class AbsenteesViewSet(RowViewSet):
    """The students whose day counts as absent, by name."""

    out = s.AbsenteeOut
    columns: ClassVar[Columns] = {
        **student_columns(),
        "section_id": "section__sourced_id",
        "section": Concat("section__grade_level__name", Value(" "), "section__name"),
        "institution_id": "institution__sourced_id",
        "day": "day",
        "state": "state",
        "excused": "excused",
        "minutes_missed": "minutes_missed",
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {
        "name": ("student__family_name", "student__given_name", "student_id")
    }
    filters: ClassVar[dict[str, Parameter]] = {
        "day": DAY,
        "institution_id": INSTITUTION,
        "section_id": SECTION,
        "excused": Parameter(parameters.yes_or_no, where="excused", about="Excused or not."),
    }
    export_name = "absentees"

    def rows(self) -> QuerySet[Any]:
        return selectors.absentees(self.asked.get("day") or access.today(actor(self.request)), by=actor(self.request))


class DeskViewSet(RowViewSet):
    """What the office entered for a day."""

    out = s.DeskOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        **student_columns(),
        "institution_id": "institution__sourced_id",
        "day": "day",
        "period_id": "period__sourced_id",
        "code": "code__code",
        "arrived_at": "arrived_at",
        "left_at": "left_at",
        "remark": "remark",
        "entered_by": name_of("entered_by"),
        "entered_at": "entered_at",
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-id",)}
    filters: ClassVar[dict[str, Parameter]] = {"day": DAY, "institution_id": INSTITUTION, "student_id": STUDENT}
    not_visible = DeskEntryUnknown
    export_name = "desk"
    day: dt.date | None = None

    def rows(self) -> QuerySet[Any]:
        return selectors.desk_entries(
            self.day or self.asked.get("day") or access.today(actor(self.request)), by=actor(self.request)
        )

    @extend_schema(summary="Enter something at the desk", request=s.DeskIn, responses={201: s.DeskOut})
    def create(self, request: Request) -> HttpResponse:
        """A late arrival, an early departure or a code of the office's; entering the same twice changes nothing."""
        given = valid(s.DeskIn, request.data)
        entry = services.enter_at_desk(
            student=given["student_id"],
            day=given["day"],
            period=given["period_id"],
            entry=services.Entry(**{name: given.get(name) for name in ("code", "arrived_at", "left_at", "remark")}),
            by=actor(request),
        )
        self.day = entry.day
        return created(request, self.row(Q(pk=entry.pk)))

    @extend_schema(summary="Take back a desk entry", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """The teachers' marks count again."""
        services.remove_from_desk(entry=id, by=actor(request))
        return gone()


class LeaveViewSet(RowViewSet):
    """Leave: asked for, decided, taken back."""

    out = s.LeaveOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        **student_columns(),
        "starts_on": "starts_on",
        "ends_on": "ends_on",
        "code": "code__code",
        "reason": "reason",
        "state": "state",
        "requested_by": name_of("requested_by"),
        "decided_by": name_of("decided_by"),
        "decided_at": "decided_at",
        "decision_note": "decision_note",
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-id",), "starts_on": ("starts_on", "id")}
    filters: ClassVar[dict[str, Parameter]] = {
        "student_id": STUDENT,
        "state": Parameter(parameters.one_of(Leave.State), where="state", about="Where it stands."),
        "day": Parameter(
            parameters.day, where=lambda day: Q(starts_on__lte=day, ends_on__gte=day), about="Leave on this day."
        ),
    }
    not_visible = LeaveUnknown
    export_name = "leave"

    def rows(self) -> QuerySet[Any]:
        return selectors.leaves(by=actor(self.request))

    @extend_schema(summary="Ask for leave", request=s.LeaveIn, responses={201: s.LeaveOut})
    def create(self, request: Request) -> HttpResponse:
        """From the first day to the last, both included. Nothing happens until somebody decides."""
        given = valid(s.LeaveIn, request.data)
        leave = services.request_leave(
            student=given.pop("student_id"), code=given.pop("code", None), **given, by=actor(request)
        )
        return created(request, self.row(Q(pk=leave.pk)))

    def _decided(self, request: Request, leave: Leave, locked_days: tuple[dt.date, ...] = ()) -> HttpResponse:
        return answer({**self.row(Q(pk=leave.pk)), "locked_days": list(locked_days)})

    @extend_schema(summary="Approve leave", request=s.DecisionIn, responses=s.DecidedOut)
    def approve(self, request: Request, id: UUID) -> HttpResponse:
        """Rolls already taken follow, later ones begin with it; `locked_days` stay as they are."""
        note = valid(s.DecisionIn, request.data)["note"]
        return self._decided(request, *services.approve_leave(leave=id, note=note, by=actor(request)))

    @extend_schema(summary="Refuse leave", request=s.DecisionIn, responses=s.DecidedOut)
    def refuse(self, request: Request, id: UUID) -> HttpResponse:
        """Say no, best with a note."""
        note = valid(s.DecisionIn, request.data)["note"]
        return self._decided(request, services.refuse_leave(leave=id, note=note, by=actor(request)))

    @extend_schema(summary="Take leave back", request=s.DecisionIn, responses=s.DecidedOut)
    def cancel(self, request: Request, id: UUID) -> HttpResponse:
        """Who asked may while it is undecided, who decides may always."""
        note = valid(s.DecisionIn, request.data)["note"]
        return self._decided(request, *services.cancel_leave(leave=id, note=note, by=actor(request)))


class CodeViewSet(RowViewSet):
    """Attendance codes, retired ones included."""

    out = s.AttendanceCodeOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        **{
            name: name
            for name in (
                "code",
                "name",
                "direction",
                "state",
                "excused",
                "late",
                "teacher_selectable",
                "default",
                "retired",
                "position",
                "version",
            )
        },
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"position": ("position", "id")}
    filters: ClassVar[dict[str, Parameter]] = {
        "retired": Parameter(parameters.yes_or_no, where="retired", about="Only those retired, or only the others.")
    }
    not_visible = CodeNotFound
    export_name = "attendance-codes"

    def rows(self) -> QuerySet[Any]:
        access.require(actor(self.request), "attendance.view")
        return AttendanceCode.objects.all()

    @extend_schema(summary="Add a code", request=s.AttendanceCodeIn, responses={201: s.AttendanceCodeOut})
    def create(self, request: Request) -> HttpResponse:
        """A new default takes the place of the old one."""
        code = services.add_code(values=valid(s.AttendanceCodeIn, request.data), by=actor(request))
        return created(request, self.row(Q(pk=code.pk)))

    @extend_schema(summary="Change or retire a code", request=s.AttendanceCodeIn, responses=s.AttendanceCodeOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """What a code counts as stays once records name it: retire it and add another."""
        code = services.change_code(
            code=id,
            values=valid(s.AttendanceCodeIn, request.data, partial=True),
            expected_version=versions.expected(request),
            by=actor(request),
        )
        return with_version(self.row(Q(pk=code.pk)))


class PolicyViewSet(ApiViewSet):
    """Each campus's rules."""

    @extend_schema(summary="The rules of every campus", responses=s.whole_list(s.AttendancePolicyOut))
    def list(self, request: Request) -> HttpResponse:
        """A campus that has set none has the defaults, at version 0."""
        self.asked_for(request)
        return answer({"results": selectors.policies(by=actor(request)), "next": None})

    @extend_schema(summary="Set a campus's rules", request=s.AttendancePolicyIn, responses=s.AttendancePolicyOut)
    def change(self, request: Request, institution: UUID) -> HttpResponse:
        """What is not sent stays. Days that are derived already change with their next roll."""
        by = actor(request)
        services.set_policy(
            institution=institution,
            values=valid(s.AttendancePolicyIn, request.data, partial=True),
            expected_version=versions.expected(request),
            by=by,
        )
        return with_version(next(each for each in selectors.policies(by=by) if each["institution_id"] == institution))


class BoardViewSet(ApiViewSet):
    """The day as a whole."""

    @extend_schema(summary="Rolls not yet taken", responses=s.whole_list(s.ExpectedRollOut))
    def not_taken(self, request: Request) -> HttpResponse:
        """Of sections with students and of classes that meet, on days of school; the whole list."""
        asked = self.asked_for(
            request,
            day=DAY,
            institution_id=Parameter(parameters.public_id, about="One campus only."),
            kind=Parameter(parameters.one_of(("daily", "period")), about="Only rolls of the day, or of periods."),
        )
        rows = selectors.rolls_not_taken(
            asked.get("day") or access.today(actor(request)),
            by=actor(request),
            institution=asked.get("institution_id"),
            kind=asked.get("kind"),
        )
        return answer({"results": rows, "next": None})

    @extend_schema(summary="My classes of a day", responses=s.whole_list(s.MyRollOut))
    def mine(self, request: Request) -> HttpResponse:
        """What you teach that day, substitutions included, by time, with the state of each roll."""
        day = self.asked_for(request, day=DAY).get("day") or access.today(actor(request))
        return answer({"day": day, "results": selectors.classes_of(day, by=actor(request)), "next": None})

    @extend_schema(summary="The day of each campus", responses=s.whole_list(s.CampusDayOut))
    def figures(self, request: Request, day: str) -> HttpResponse:
        """Students by state, and how many of the expected rolls are taken."""
        self.asked_for(request)
        return answer({"results": selectors.day_in_figures(day_of(day), by=actor(request)), "next": None})

    @extend_schema(summary="A student's attendance by month", responses=s.whole_list(s.MonthOut))
    def months(self, request: Request, id: UUID) -> HttpResponse:
        """Days counted by what they were, oldest month first."""
        asked = self.asked_for(
            request,
            since=Parameter(parameters.day, about="This day and later."),
            until=Parameter(parameters.day, about="This day and earlier."),
        )
        rows = selectors.months_of(id, by=actor(request), since=asked.get("since"), until=asked.get("until"))
        return answer({"results": rows, "next": None})
