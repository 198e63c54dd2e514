"""Exams, in the sidebar and by address."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from apps.office.examinations.pages import (
    cards,
    components,
    gradebooks,
    mark_files,
    marks,
    moderation,
    papers,
    policy,
    remarks,
    results,
    timetable,
    verify,
)
from apps.office.examinations.waiting import waiting
from apps.office.shell.rooms import AboutStudent, Entry, Heading, Job, Room

EXAMS = Heading(_("Exams"), 40)

ROOM = Room(
    entries={
        EXAMS: (
            Entry(_("Papers and marks"), "office:exams", "edit_note", ("exams.view",), below=("/office/exams/",)),
            Entry(_("Gradebooks"), "office:gradebooks", "menu_book", ("marks.view",), below=("/office/gradebooks/",)),
            Entry(
                _("Exam sessions"), "office:examinations_examsession_changelist", "event_available", ("exams.manage",)
            ),
            Entry(
                _("Grading scales"), "office:examinations_gradingscale_changelist", "grading", ("exams.configure",)
            ),
            Entry(
                _("How results are made"), "office:result-policy", "calculate", ("exams.configure",), everywhere=True
            ),
        ),
    },
    pages=(
        path("exams/", timetable.exams, name="exams"),
        path("exams/to-mark/", timetable.to_mark, name="to-mark"),
        path("exams/<uuid:exam_session>/", timetable.session, name="exam-session"),
        path("exams/<uuid:exam_session>/papers/", papers.new, name="new-papers"),
        path("exams/<uuid:exam_session>/results/", results.results, name="exam-results"),
        path("exams/<uuid:exam_session>/marks/", mark_files.mark_files, name="mark-files"),
        path("exams/<uuid:exam_session>/marks.xlsx", mark_files.take, name="take-marks"),
        path("exams/mark-files/<uuid:file>/", mark_files.mark_file_page, name="mark-file"),
        path("exams/<uuid:exam_session>/cards/", cards.cards, name="cards"),
        path("exams/<uuid:exam_session>/cards/<int:section>.<str:form>", cards.print_section, name="print-cards"),
        path("exams/cards/<uuid:card>.pdf", cards.card, name="card"),
        path("exams/cards/<uuid:card>/amend/", cards.amend, name="amend-card"),
        path("exams/policy/", policy.policy, name="result-policy"),
        path("exams/cards/layout/", cards.layout, name="card-layout"),
        path("exams/transcripts/<uuid:student>.pdf", cards.transcript, name="transcript"),
        path("exams/papers/<uuid:paper>/", papers.change, name="paper"),
        path("exams/papers/<uuid:paper>/marks/", marks.grid, name="marks"),
        path("gradebooks/", gradebooks.gradebooks, name="gradebooks"),
        path("gradebooks/<uuid:gradebook>/", gradebooks.gradebook, name="gradebook"),
        path("gradebooks/<uuid:gradebook>/history/", gradebooks.history, name="gradebook-history"),
        path("gradebooks/<uuid:gradebook>/assessed/", gradebooks.structure, name="set-gradebook"),
        path("exams/papers/<uuid:paper>/components/", components.components, name="components"),
        path("exams/papers/<uuid:paper>/moderation/", moderation.moderation, name="moderation"),
        path("exams/papers/<uuid:paper>/remarks/", remarks.of_paper, name="remarks"),
        path("exams/<uuid:exam_session>/remarks/<uuid:section>/", remarks.of_class, name="class-remarks"),
        path("exams/remarks/phrases/", remarks.bank, name="phrases"),
    ),
    beside=(path("verify/<str:code>/", verify.verify, name="verify"),),
    waiting=waiting,
    about_students=(AboutStudent(_("Transcript"), "office:transcript", "exams.follow"),),
    jobs={
        "apps.examinations.compute_results": Job(_("Computing the results of exams"), "exams.manage"),
        "apps.exchange.compare_marks": Job(_("Reading a sheet of marks"), "marks.enter"),
        "apps.exchange.apply_marks": Job(_("Entering a sheet of marks"), "marks.enter"),
        "apps.reports.publish_cards": Job(_("Publishing report cards"), "cards.publish"),
    },
)  # fmt: skip
