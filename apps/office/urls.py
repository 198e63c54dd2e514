"""The office's addresses, all in the namespace ``office``: its own pages first, then the admin's."""

from __future__ import annotations

import datetime as dt

from django.urls import URLPattern, URLResolver, include, path, register_converter
from django.urls.converters import StringConverter

from apps.office import admin  # noqa: F401 - registers every model admin before the site's addresses are made
from apps.office.pages import (
    desk,
    door,
    find,
    grid,
    inviting,
    lists,
    people,
    roles,
    roll,
    rolls,
    rosters,
    saved,
    setup,
    start,
    student,
    support,
    week,
)
from apps.office.pages.languages import choose
from apps.office.site import office
from schoolops import clock


class DayConverter:
    """``2026-11-04`` in an address; what is no day is no such page."""

    regex = "[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def to_python(self, value: str) -> dt.date:
        day = dt.date.fromisoformat(value)
        if not clock.in_reach(day):
            raise ValueError(value)
        return day

    def to_url(self, value: dt.date) -> str:
        return value.isoformat()


class GroupConverter(StringConverter):
    """What a roll is of."""

    regex = "section|class"


register_converter(DayConverter, "day")
register_converter(GroupConverter, "group")

PAGES: list[URLPattern] = [
    path("login/", door.log_in, name="login"),
    path("logout/", door.log_out, name="logout"),
    path("support/end/", support.end, name="support-end"),
    path("second-factor/", door.second_factor, name="second-factor"),
    path("forgotten/", door.forgotten, name="forgotten"),
    path("password_change/", door.change_password, name="password_change"),
    path("find/", find.find, name="find"),
    path("", start.start, name="index"),
    path("logins/new/", people.let_in, name="let-in"),
    path("logins/invite/<str:whom>/", inviting.invite, name="invite"),
    path("roles/", roles.roles, name="roles"),
    path("roles/new/", roles.new_role, name="new-role"),
    path("roles/<uuid:id>/", roles.role, name="role"),
    path("rolls/", rolls.rolls, name="rolls"),
    path("rolls/section/<uuid:section>/month/<str:month>/", rolls.register, name="register"),
    path("rolls/section/<uuid:section>/week/<str:day>/", week.week, name="section-week"),
    path("rolls/section/<uuid:group>/<str:day>/", grid.grid, {"kind": "section"}, name="section-roll"),
    path("rolls/class/<uuid:group>/<str:day>/", grid.grid, {"kind": "class"}, name="class-roll"),
    path("desk/", desk.desk, name="desk"),
    path("desk/<uuid:entry>/undo/", desk.undo, name="desk-undo"),
    path("student/admit/", student.admit, name="admit"),
    path("student/<uuid:student>/", student.student, name="student"),
    path("student/<uuid:student>/photo/", student.photo, name="student-photo"),
    path("student/<uuid:student>/move/", student.move, name="student-move"),
    path("student/<uuid:student>/withdraw/", student.withdraw, name="student-withdraw"),
    path("student/<uuid:student>/enrol/", student.enrol, name="student-enrol"),
    path("lists/", lists.lists, name="lists"),
    path("lists/<str:kind>.pdf", lists.print_list, name="print-list"),
    path("imports/", rosters.rosters, name="rosters"),
    path("imports/roster.zip", rosters.bundle, name="roster-bundle"),
    path("imports/templates/<str:kind>.<str:form>", rosters.template, name="roster-template"),
    path("imports/<uuid:id>/", rosters.roster, name="roster"),
    path("imports/<uuid:id>/errors.<str:form>", rosters.errors, name="roster-errors"),
    path("imports/<uuid:id>/mapping/", rosters.map_headers, name="roster-mapping"),
    path("imports/<uuid:id>/confirm/", rosters.confirm, name="roster-confirm"),
    path("imports/<uuid:id>/go-on/", rosters.go_on, name="roster-go-on"),
    path("imports/<uuid:id>/undo/", rosters.undo, name="roster-undo"),
    path("filters/<str:listed>/", saved.save, name="save-filter"),
    path("filters/<uuid:id>/rename/", saved.rename, name="rename-filter"),
    path("filters/<uuid:id>/remove/", saved.remove, name="remove-filter"),
    path("set-up/", setup.set_up, name="set-up"),
    path("calendar/", setup.calendar_page, name="calendar"),
]

# The teacher's page, at an address that can be said aloud.
ROLL: list[URLPattern] = [
    path("", roll.classes, name="roll"),
    path("<group:kind>/<uuid:group>/<day:day>/", roll.sheet, name="roll-of-day"),
    path("<group:kind>/<uuid:group>/<day:day>/<uuid:period>/", roll.sheet, name="roll-of-period"),
]

_OFFICE: list[URLPattern | URLResolver] = [
    path("office/", include([*PAGES, *office.get_urls()])),
    path("roll/", include(ROLL)),
    path("language/", choose, name="language"),
    # Where the links of invitations and forgotten passwords lead.
    path("redeem", door.redeem, name="redeem"),
    # Where the link of a support grant leads.
    path("support", support.come_in, name="support"),
]

urlpatterns: list[URLPattern | URLResolver] = [path("", (_OFFICE, "admin", office.name))]

# The same pages outside all schools, before the operators' own admin.
OPERATORS: list[URLPattern] = [
    path("redeem", door.redeem, name="operators-redeem"),
    path("operators/login/", door.log_in, name="operators-login"),
    path("operators/logout/", door.log_out, name="operators-logout"),
    path("operators/second-factor/", door.second_factor, name="operators-second-factor"),
    path("operators/password_change/", door.change_password, name="operators-password"),
    path("operators/forgotten/", door.forgotten, name="operators-forgotten"),
]
