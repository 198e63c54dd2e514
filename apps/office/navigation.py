"""The navigation in the school's words: what stands where, and which permission shows it.

An entry is shown when the person holds any of its permissions; the page behind it asks again. A new page of the office
is one line here and one in ``urls``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.access import selectors
from apps.accounts.models import User

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Entry:
    """``to`` is the name of a URL; ``icon`` one of Material Symbols. No ``permissions``: everybody in the office.

    ``everywhere``: only for who holds one of them over the whole school. ``below``: pages that stand elsewhere and yet
    belong to it; of a page that belongs to several, the longest address decides.
    """

    title: Words
    to: str
    icon: str
    permissions: tuple[str, ...] = ()
    everywhere: bool = False
    below: tuple[str, ...] = ()

    def is_for(self, user: User) -> bool:
        if self.everywhere:
            return any(selectors.reaches_everything(user, each) for each in self.permissions)
        return not self.permissions or bool(selectors.permissions_of(user).intersection(self.permissions))


@dataclass(frozen=True, slots=True)
class Group:
    """Entries under one heading; a group of which nothing is shown is not shown either."""

    title: Words
    entries: tuple[Entry, ...]


NAVIGATION: tuple[Group, ...] = (
    Group(
        _("Today"),
        (
            Entry(_("Start"), "office:index", "home"),
            Entry(_("My classes"), "office:roll", "fact_check", ("attendance.mark",)),
            Entry(_("Rolls"), "office:rolls", "checklist_rtl", ("attendance.view",)),
            Entry(_("Late desk"), "office:desk", "alarm", ("attendance.desk",)),
            Entry(_("Leave"), "office:attendance_leave_changelist", "event_busy", ("leave.decide",)),
            Entry(_("Substitutions"), "office:staff_substitution_changelist", "swap_horiz", ("staff.manage",)),
            Entry(
                _("Lock rolls"), "office:attendance_attendancesession_changelist", "lock_clock", ("attendance.lock",)
            ),
            Entry(_("Lists to print"), "office:lists", "print", ("exports.run",)),
        ),
    ),
    Group(
        _("People"),
        (
            Entry(
                _("Students"),
                "office:students_student_changelist",
                "school",
                ("students.view",),
                below=("/office/student/",),
            ),
            Entry(_("Admit a student"), "office:admit", "person_add", ("students.manage",)),
            Entry(_("Guardians"), "office:students_guardian_changelist", "family_restroom", ("guardians.view",)),
            Entry(_("Staff"), "office:staff_staffmember_changelist", "badge", ("staff.view",)),
            Entry(_("Enrolments"), "office:students_enrolment_changelist", "how_to_reg", ("students.manage",)),
            Entry(_("Rosters in and out"), "office:rosters", "sync_alt", ("imports.view",)),
        ),
    ),
    Group(
        _("Teaching"),
        (
            Entry(_("Sections"), "office:institutions_section_changelist", "groups", ("sections.view",)),
            Entry(_("Courses"), "office:institutions_course_changelist", "menu_book", ("sections.view",)),
            Entry(_("Classes"), "office:institutions_courseclass_changelist", "cast_for_education", ("sections.view",)),
            Entry(_("Who teaches what"), "office:staff_teachingassignment_changelist", "co_present", ("staff.view",)),
            Entry(_("Timetable"), "office:timetable_meeting_changelist", "calendar_view_week", ("sections.view",)),
        ),
    ),
    Group(
        _("Set-up"),
        (
            Entry(_("Check-list"), "office:set-up", "checklist", ("institutions.manage",)),
            Entry(_("Calendar"), "office:calendar", "calendar_month", ("institutions.view",)),
            Entry(_("Campuses"), "office:institutions_institution_changelist", "apartment", ("institutions.manage",)),
            Entry(_("Years"), "office:institutions_academicyear_changelist", "date_range", ("institutions.manage",)),
            Entry(_("Terms"), "office:institutions_term_changelist", "event_note", ("institutions.manage",)),
            Entry(_("Grade levels"), "office:institutions_gradelevel_changelist", "stairs", ("institutions.manage",)),
            Entry(_("Periods"), "office:timetable_period_changelist", "schedule", ("sections.manage",)),
            Entry(
                _("Attendance codes"),
                "office:attendance_attendancecode_changelist",
                "format_list_bulleted",
                ("attendance.configure",),
            ),
        ),
    ),
    Group(
        _("Access"),
        (
            Entry(
                _("Logins"), "office:accounts_user_changelist", "key", ("accounts.view",), below=("/office/logins/",)
            ),
            Entry(_("Roles"), "office:roles", "admin_panel_settings", ("access.view",)),
            Entry(_("Audit trail"), "office:audit_auditentry_changelist", "history", ("audit.view",), everywhere=True),
        ),
    ),
)

# Where somebody lands after logging in, by the row scope of their role; the first that fits, else the office's start.
HOMES: dict[str, str] = {"teacher": "office:roll"}
HOME = "office:index"


def groups_for(user: User) -> Iterator[tuple[Group, list[Entry]]]:
    """What ``user`` may open, group by group."""
    for group in NAVIGATION:
        if entries := [entry for entry in group.entries if entry.is_for(user)]:
            yield group, entries


def sidebar(request: HttpRequest, user: User) -> list[dict[str, Any]]:
    """The same in the words of the sidebar's template. The entry with the longest matching address is where we are.

    The start is where it says and nowhere below: a page that belongs to no entry is marked at none.
    """
    shown = [(group, [(entry, reverse(entry.to)) for entry in entries]) for group, entries in groups_for(user)]
    start = reverse(HOME)
    places = {place: address for _, entries in shown for entry, address in entries for place in (address, *entry.below)}
    found = (each for each in places if request.path.startswith(each) and (each != start or request.path == start))
    here = places.get(max(found, key=len, default=""), "")
    return [
        {
            "title": group.title,
            "items": [
                {
                    "title": entry.title,
                    "icon": entry.icon,
                    "link": address,
                    "active": address == here,
                    "has_permission": True,
                }
                for entry, address in entries
            ],
        }
        for group, entries in shown
    ]


def home_of(user: User) -> str:
    """The address where ``user`` begins."""
    scopes = [held.scope for held in selectors.roles_held(user)]
    if selectors.EVERYTHING in scopes:
        return reverse(HOME)
    return reverse(next((HOMES[scope] for scope in scopes if scope in HOMES), HOME))
