"""Attendance, in the sidebar and by address."""

from __future__ import annotations

from django.urls import path, register_converter
from django.urls.converters import StringConverter
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.office.attendance.pages import absences, desk, grid, leave, roll, rolls, week
from apps.office.attendance.waiting import waiting
from apps.office.shell.rooms import SET_UP, TODAY, Entry, Job, Room


class GroupConverter(StringConverter):
    """What a roll is of."""

    regex = "section|class"


register_converter(GroupConverter, "group")

ROOM = Room(
    entries={
        TODAY: (
            Entry(_("My classes"), "office:roll", "fact_check", ("attendance.mark",)),
            Entry(_("Rolls"), "office:rolls", "checklist_rtl", ("attendance.view",)),
            Entry(_("Absences"), "office:absences", "person_off", ("attendance.view",)),
            Entry(_("Late desk"), "office:desk", "alarm", ("attendance.desk",)),
            Entry(_("Leave"), "office:attendance_leave_changelist", "event_busy", ("leave.decide",)),
            Entry(
                _("Lock rolls"), "office:attendance_attendancesession_changelist", "lock_clock", ("attendance.lock",),
                place=1,
            ),
        ),
        SET_UP: (
            Entry(
                _("Attendance codes"), "office:attendance_attendancecode_changelist", "format_list_bulleted",
                ("attendance.configure",), place=1,
            ),
        ),
    },
    pages=(
        path("leave/<uuid:leave>/attachment", leave.attachment, name="leave-attachment"),
        path("rolls/", rolls.rolls, name="rolls"),
        path("rolls/section/<uuid:section>/month/<str:month>/", rolls.register, name="register"),
        path("rolls/section/<uuid:section>/week/<str:day>/", week.week, name="section-week"),
        path("rolls/section/<uuid:group>/<str:day>/", grid.grid, {"kind": "section"}, name="section-roll"),
        path("rolls/class/<uuid:group>/<str:day>/", grid.grid, {"kind": "class"}, name="class-roll"),
        path("absences/", absences.absences, name="absences"),
        path("desk/", desk.desk, name="desk"),
        path("desk/<uuid:entry>/undo/", desk.undo, name="desk-undo"),
    ),
    # The teacher's page, at an address that can be said aloud.
    beside=(
        path("roll/", roll.classes, name="roll"),
        path("roll/<group:kind>/<uuid:group>/<day:day>/", roll.sheet, name="roll-of-day"),
        path("roll/<group:kind>/<uuid:group>/<day:day>/<uuid:period>/", roll.sheet, name="roll-of-period"),
    ),
    waiting=waiting,
    jobs={"apps.attendance.derive_days": Job(_("Counting days of attendance anew"), "attendance.configure")},
    homes={"teacher": "office:roll"},
    followed={
        "attendance-marks": lambda number: ngettext(
            "%d mark of attendance counts by what holds now.", "%d marks of attendance count by what holds now.", number
        ) % number
    },
)  # fmt: skip
