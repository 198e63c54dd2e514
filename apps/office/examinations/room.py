"""Exams, in the sidebar and by address."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from apps.office.examinations.pages import marks, papers, results, timetable
from apps.office.examinations.waiting import waiting
from apps.office.shell.rooms import Entry, Heading, Job, Room

EXAMS = Heading(_("Exams"), 40)

ROOM = Room(
    entries={
        EXAMS: (
            Entry(_("Papers and marks"), "office:exams", "edit_note", ("exams.view",), below=("/office/exams/",)),
            Entry(
                _("Exam sessions"), "office:examinations_examsession_changelist", "event_available", ("exams.manage",)
            ),
            Entry(
                _("Grading scales"), "office:examinations_gradingscale_changelist", "grading", ("exams.configure",)
            ),
        ),
    },
    pages=(
        path("exams/", timetable.exams, name="exams"),
        path("exams/<uuid:exam_session>/", timetable.session, name="exam-session"),
        path("exams/<uuid:exam_session>/papers/", papers.new, name="new-papers"),
        path("exams/<uuid:exam_session>/results/", results.results, name="exam-results"),
        path("exams/papers/<uuid:paper>/", papers.change, name="paper"),
        path("exams/papers/<uuid:paper>/marks/", marks.grid, name="marks"),
    ),
    waiting=waiting,
    jobs={
        "apps.examinations.compute_results": Job(_("Computing the results of exams"), "exams.manage"),
    },
)  # fmt: skip
