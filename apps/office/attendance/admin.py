"""Attendance codes, rolls, and leave."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.access import services as access
from apps.accounts.models import User
from apps.attendance import services
from apps.attendance.models import AttendanceCode, AttendanceSession, DayState, Leave
from apps.institutions.models import CourseClass, Section
from apps.office.shell.acts import Act
from apps.office.shell.base import ServiceAdmin
from apps.office.shell.fields import about
from apps.office.shell.forms import ActForm, ReasonForm, ServiceForm
from apps.office.shell.site import actor, office
from apps.students.models import FamilyItem
from apps.students.selectors import of_students_shown


class CodeForm(ServiceForm):
    """An attendance code."""

    refusals: ClassVar[Any] = {
        "attendance:code-in-use": "state",
        "attendance:default-code-needed": "default",
    }


def _add_code(said: dict[str, Any], by: User) -> AttendanceCode:
    return services.add_code(values=said, by=by)


def _change_code(row: AttendanceCode, said: dict[str, Any], version: int | None, by: User) -> None:
    services.change_code(code=row.sourced_id, values=said, expected_version=version, by=by)


@admin.register(AttendanceCode, site=office)
class CodeAdmin(ServiceAdmin):
    """What may be entered on a roll, and what it counts as."""

    one, many = gettext_lazy("attendance code"), gettext_lazy("attendance codes")
    none = gettext_lazy("There are no codes, so that no roll can be marked. Add one for present and one for absent.")
    sees, manages = "attendance.view", "attendance.configure"
    over = "everybody"
    form = CodeForm
    add = _add_code
    change = _change_code
    one_at_a_time = "A school has a dozen, and each means something else."
    fields = (
        "code", "name", "direction", "state", "excused", "late", "teacher_selectable", "default", "retired", "position",
    )  # fmt: skip
    list_display = ("code", "name", "state", "excused", "late", "teacher_selectable", "default", "retired")
    list_filter = ("retired",)


class ReopenForm(ReasonForm):
    """Why, and for how long."""

    hours = forms.IntegerField(label=gettext_lazy("For how many hours"), min_value=1, max_value=72, initial=2)


def _lock(row: AttendanceSession, said: dict[str, Any], by: User) -> str:
    services.lock_roll(roll=row.sourced_id, reason=said["reason"], by=by)
    return about(row, _("%(name)s: the roll is locked."))


def _reopen(row: AttendanceSession, said: dict[str, Any], by: User) -> str:
    lasting = dt.timedelta(hours=said["hours"])
    services.reopen_roll(roll=row.sourced_id, reason=said["reason"], lasting=lasting, by=by)
    return about(row, _("%(name)s: the roll is open again for %(hours)d hours."), hours=said["hours"])


@admin.register(AttendanceSession, site=office)
class RollAdmin(ServiceAdmin):
    """Rolls that were taken. Marks stand on the roll's own page; here a roll is locked and re-opened."""

    one, many = gettext_lazy("roll"), gettext_lazy("rolls")
    none = gettext_lazy("No roll was taken yet. It is listed here once a teacher saves it.")
    begins_at = "office:rolls"
    sees = "attendance.view"
    over = "section"
    joined = ("section__grade_level", "course_class", "period", "taken_by", "institution")
    fields = (
        "institution", "section", "course_class", "day", "period", "state", "taken_by", "taken_at", "locked_reason",
        "reopened_until", "reopened_reason",
    )  # fmt: skip
    list_display = ("day", "section", "course_class", "period", "state", "taken_by", "taken_at")
    list_filter = ("state",)
    date_hierarchy = None
    ordering = ("-day", "-id")
    search_fields = ("section__name", "course_class__title")
    acts = (
        Act(
            "lock",
            gettext_lazy("Lock"),
            "attendance.lock",
            _lock,
            ReasonForm,
            applies=lambda row: row.state != AttendanceSession.State.LOCKED,
            explanation=gettext_lazy("Nobody can change a locked roll until it is re-opened."),
        ),
        Act(
            "reopen",
            gettext_lazy("Re-open"),
            "attendance.lock",
            _reopen,
            ReopenForm,
            explanation=gettext_lazy("The roll may be changed for a while; then it locks itself again."),
        ),
    )

    def reached(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        if not self._holds(request, self.sees):
            return rows.none()
        by = actor(request)
        day = access.today(by)
        sections = access.within_reach(by, self.sees, "section", day=day)
        if sections == Q():
            return rows
        classes = access.within_reach(by, self.sees, "class", day=day)
        return rows.filter(
            Q(section__in=Section.objects.filter(sections).values("pk"))
            | Q(course_class__in=CourseClass.objects.filter(classes).values("pk"))
        )


class LeaveForm(ServiceForm):
    """Leave to ask for, both days included."""

    refusals: ClassVar[Any] = {
        "attendance:leave-overlaps": "starts_on",
        "attendance:leave-ends-before-it-starts": "ends_on",
        "attendance:leave-too-long": "ends_on",
        "attendance:code-unknown": "code",
        "attendance:code-retired": "code",
    }


class NoteForm(ActForm):
    """A word with the decision."""

    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=300)


def _request(said: dict[str, Any], by: User) -> Leave:
    code = said["code"].code
    return services.request_leave(**{**said, "student": said["student"].sourced_id, "code": code}, by=by)


def _approve(row: Leave, said: dict[str, Any], by: User) -> str:
    _leave, locked = services.approve_leave(leave=row.sourced_id, note=said["note"], by=by)
    return _and_locked(about(row.student, _("The leave of %(name)s is approved.")), locked)


def _refuse(row: Leave, said: dict[str, Any], by: User) -> str:
    services.refuse_leave(leave=row.sourced_id, note=said["note"], by=by)
    return about(row.student, _("The leave of %(name)s is refused."))


def _cancel(row: Leave, said: dict[str, Any], by: User) -> str:
    _leave, locked = services.cancel_leave(leave=row.sourced_id, note=said["note"], by=by)
    return _and_locked(about(row.student, _("The leave of %(name)s is cancelled.")), locked)


def _and_locked(said: str, days: tuple[dt.date, ...]) -> str:
    if not days:
        return said
    return said + " " + _("Rolls of these days are locked and stay: %(days)s.") % {"days": ", ".join(map(str, days))}


def _undecided(row: Leave) -> bool:
    return row.state == Leave.State.REQUESTED


@admin.register(Leave, site=office)
class LeaveAdmin(ServiceAdmin):
    """Requests for leave, and what was decided."""

    one, many = gettext_lazy("leave"), gettext_lazy("leave")
    none = gettext_lazy("Nobody asked for leave yet. Enter it here, or on the child’s page.")
    sees, manages = "attendance.view", "leave.request"
    scope = ("student", "student")
    joined = ("student", "code", "requested_by", "decided_by")
    autocomplete_fields = ("student",)
    form = LeaveForm
    add = _request
    list_display = ("student", "starts_on", "ends_on", "code", "state", "requested_by", "decided_by")
    list_filter = ("state",)
    ordering = ("-starts_on", "-id")
    search_fields = ("student__searched",)
    acts = (
        Act("approve", gettext_lazy("Approve"), "leave.decide", _approve, NoteForm, applies=_undecided),
        Act("refuse", gettext_lazy("Refuse"), "leave.decide", _refuse, NoteForm, applies=_undecided),
        Act(
            "cancel",
            gettext_lazy("Take back"),
            "leave.decide",
            _cancel,
            NoteForm,
            applies=lambda row: row.state in {Leave.State.REQUESTED, Leave.State.APPROVED},
        ),
    )

    def reached(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        if not self._holds(request, self.sees):
            return rows.none()
        return super().reached(request, rows).filter(of_students_shown(actor(request), FamilyItem.LEAVE, self.sees))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        asked = ("student", "starts_on", "ends_on", "code", "reason")
        said = (*asked, "sent_along", "state", "requested_by", "decided_by", "decided_at", "decision_note")
        return asked if obj is None else said

    @admin.display(description=gettext_lazy("sent along"))
    def sent_along(self, row: Leave) -> str:
        if not row.attachment:
            return "–"
        address = reverse("office:leave-attachment", args=[row.sourced_id])
        return format_html('<a href="{}">{}</a>', address, _("Open the file"))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **more: Any) -> Any:
        if db_field.name == "code":
            more["queryset"] = AttendanceCode.objects.filter(retired=False).exclude(state=DayState.PRESENT)
        return super().formfield_for_foreignkey(db_field, request, **more)
