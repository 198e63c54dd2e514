"""People, in the sidebar and by address."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from apps.office.people.pages import families, guardians, lists, student
from apps.office.people.waiting import waiting
from apps.office.shell.rooms import PEOPLE, TEACHING, TODAY, Entry, Job, Room
from apps.staff.models import StaffMember
from apps.students.models import Guardian, Student
from schoolops.api import jobs  # noqa: F401 - registers the converter of their numbers

ROOM = Room(
    entries={
        TODAY: (
            Entry(_("Substitutions"), "office:staff_substitution_changelist", "swap_horiz", ("staff.manage",)),
            Entry(_("Lists to print"), "office:lists", "print", ("exports.run",), place=2),
        ),
        PEOPLE: (
            Entry(
                _("Students"),
                "office:students_student_changelist",
                "school",
                ("students.view",),
                below=("/office/student/",),
            ),
            Entry(_("Admit a student"), "office:admit", "person_add", ("students.manage",)),
            Entry(_("Guardians"), "office:students_guardian_changelist", "family_restroom", ("guardians.view",)),
            Entry(
                _("Corrections asked for"), "office:family_contactrequest_changelist", "contact_mail",
                ("guardians.manage",),
            ),
            Entry(_("Staff"), "office:staff_staffmember_changelist", "badge", ("staff.view",)),
            Entry(_("Enrolments"), "office:students_enrolment_changelist", "how_to_reg", ("students.manage",)),
        ),
        TEACHING: (
            Entry(
                _("Who teaches what"), "office:staff_teachingassignment_changelist", "co_present", ("staff.view",),
                place=1,
            ),
        ),
    },
    pages=(
        path("student/admit/", student.admit, name="admit"),
        path("student/<uuid:student>/", student.student, name="student"),
        path("student/<uuid:student>/photo/", student.photo, name="student-photo"),
        path("student/<uuid:student>/move/", student.change, {"how": "move"}, name="student-move"),
        path("student/<uuid:student>/withdraw/", student.change, {"how": "withdraw"}, name="student-withdraw"),
        path("student/<uuid:student>/enrol/", student.change, {"how": "enrol"}, name="student-enrol"),
        path("student/<uuid:student>/guardian/", student.guardian, name="student-guardian"),
        path("student/<uuid:student>/family/", families.family_page, name="student-family"),
        path("student/<uuid:student>/merge/", student.merge, name="student-merge"),
        path(
            "student/<uuid:student>/moves/<day:day>/", student.planned, {"what": "move"}, name="student-planned-move"
        ),
        path(
            "student/<uuid:student>/leaves/<day:day>/", student.planned, {"what": "leave"}, name="student-planned-leave"
        ),
        path("guardian/<uuid:guardian>/merge/", guardians.merge_guardians, name="guardian-merge"),
        path("lists/", lists.lists, name="lists"),
        path("lists/<str:kind>.pdf", lists.print_list, name="print-list"),
        path("lists/printed/<job:job>/", lists.printed_list, name="printed-list"),
        path("lists/printed/<job:job>.pdf", lists.fetch_list, name="fetch-list"),
    ),
    waiting=waiting,
    jobs={
        "apps.reports.print_list": Job(_("Printing a list"), page="office:printed-list"),
        # Until the exams have a room of their own.
    },
    finds=(Student, Guardian, StaffMember),
)  # fmt: skip
