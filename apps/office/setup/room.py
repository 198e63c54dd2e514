"""Setting up, in the sidebar and by address."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from apps.institutions.models import CourseClass, Section
from apps.office.setup.pages import beginning, check_list
from apps.office.setup.waiting import waiting
from apps.office.shell.rooms import SET_UP, TEACHING, Entry, Room

ROOM = Room(
    entries={
        TEACHING: (
            Entry(_("Sections"), "office:institutions_section_changelist", "groups", ("sections.view",)),
            Entry(_("Courses"), "office:institutions_course_changelist", "menu_book", ("sections.view",)),
            Entry(_("Classes"), "office:institutions_courseclass_changelist", "cast_for_education", ("sections.view",)),
            Entry(
                _("Timetable"), "office:timetable_meeting_changelist", "calendar_view_week", ("sections.view",),
                place=2,
            ),
        ),
        SET_UP: (
            Entry(_("First steps"), "office:begin", "footprint", ("institutions.manage",), everywhere=True),
            Entry(_("Check-list"), "office:set-up", "checklist", ("institutions.manage",)),
            Entry(_("Calendar"), "office:calendar", "calendar_month", ("institutions.view",)),
            Entry(_("Campuses"), "office:institutions_institution_changelist", "apartment", ("institutions.manage",)),
            Entry(_("Years"), "office:institutions_academicyear_changelist", "date_range", ("institutions.manage",)),
            Entry(_("Terms"), "office:institutions_term_changelist", "event_note", ("institutions.manage",)),
            Entry(_("Grade levels"), "office:institutions_gradelevel_changelist", "stairs", ("institutions.manage",)),
            Entry(_("What families see"), "office:families", "family_restroom", ("family.open",), everywhere=True),
            Entry(_("Periods"), "office:timetable_period_changelist", "schedule", ("sections.manage",)),
        ),
    },
    pages=(
        path("set-up/", check_list.set_up, name="set-up"),
        path("set-up/begin/", beginning.begin, name="begin"),
        path("set-up/begin/<slug:step>/", beginning.begin, name="begin-step"),
        path("calendar/", check_list.calendar_page, name="calendar"),
        path("families/", check_list.families, name="families"),
    ),
    waiting=waiting,
    finds=(Section, CourseClass),
)  # fmt: skip
