"""The office's addresses, all in the namespace ``office``: its own pages first, then the admin's."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from apps.office.pages import desk, door, grid, lists, rolls, setup, start, student
from apps.office.site import office

PAGES: list[URLPattern] = [
    path("login/", door.log_in, name="login"),
    path("logout/", door.log_out, name="logout"),
    path("", start.start, name="index"),
    path("rolls/", rolls.rolls, name="rolls"),
    path("rolls/section/<uuid:section>/month/<str:month>/", rolls.register, name="register"),
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
    path("set-up/", setup.set_up, name="set-up"),
    path("calendar/", setup.calendar_page, name="calendar"),
]

urlpatterns: list[URLPattern | URLResolver] = [path("office/", ([*PAGES, *office.get_urls()], "admin", office.name))]
