"""Gradebooks: those in reach, what is assessed in one, and a grid of its marks with what they come to."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.access import services as access
from apps.access.selectors import permissions_of
from apps.accounts.models import User
from apps.examinations import selectors, services
from apps.examinations.errors import MarksRefused
from apps.examinations.models import Assessment, Gradebook
from apps.institutions.models import Course, CourseClass, Section, Term
from apps.office.examinations.pages.marks import REOPENED, asked_reason, cell_said, why_closed
from apps.office.shell.fields import about, apart, day_field, posted, version_shown, whole_number
from apps.office.shell.forms import DressedForm, add_refusal
from apps.office.shell.pages import actor, office_page, render_page
from apps.office.shell.site import in_full, message_of
from schoolops import clock, problem
from schoolops.errors import SchoolOpsError
from schoolops.folding import composed

# As many as the API takes: what it set with more could not be set here.
MOST_CATEGORIES, MOST_ASSESSMENTS, SPARE = 20, 200, 3
LONGEST_CELL = 100
PER_PAGE = 100
RESITS = {
    "": gettext_lazy("–"),
    Assessment.Resit.REPLACES: gettext_lazy("replaces the first"),
    Assessment.Resit.CAPPED: gettext_lazy("the better of both, capped"),
    Assessment.Resit.AVERAGED: gettext_lazy("is averaged with the first"),
}


class BookForm(DressedForm):
    """Whose gradebook, of which term."""

    term = forms.ModelChoiceField(label=gettext_lazy("Term"), queryset=Term.objects.none())
    group = forms.ChoiceField(label=gettext_lazy("Whose it is"))
    course = forms.ModelChoiceField(
        label=gettext_lazy("Course"), queryset=Course.objects.none(), required=False,
        help_text=gettext_lazy("Of sections; a class has its own."),
    )  # fmt: skip

    def __init__(self, *arguments: Any, by: User, **more: Any) -> None:
        super().__init__(*arguments, **more)
        term: Any = self.fields["term"]
        term.queryset = Term.objects.filter(year__state="active").select_related("year").order_by("starts_on", "pk")
        course: Any = self.fields["course"]
        course.queryset = Course.objects.order_by("title", "pk")
        sections = Section.objects.filter(access.within_reach(by, "marks.enter", "section"), year__state="active")
        classes = CourseClass.objects.filter(access.within_reach(by, "marks.enter", "class"), year__state="active")
        self.groups: dict[str, Section | CourseClass] = {
            **{f"section {each.pk}": each for each in sections.select_related("grade_level")},
            **{f"class {each.pk}": each for each in classes.select_related("section", "course")},
        }
        group: Any = self.fields["group"]
        group.choices = [
            (key, each.title if isinstance(each, CourseClass) else str(each)) for key, each in self.groups.items()
        ]

    def said(self) -> dict[str, Any]:
        """As ``services.open_gradebook`` takes it."""
        group = self.groups[self.cleaned_data["group"]]
        whose = {"course_class": group} if isinstance(group, CourseClass) else {"section": group}
        return {"term": self.cleaned_data["term"], "course": self.cleaned_data["course"], **whose}


@office_page(permission="marks.view", over="section")
def gradebooks(request: HttpRequest) -> HttpResponse:
    """The gradebooks in reach, and for who enters marks a way to begin one."""
    by = actor(request)
    enters = "marks.enter" in permissions_of(by)
    form = BookForm(posted(request), by=by) if enters else None
    if form is not None and form.is_valid():
        try:
            book = services.open_gradebook(**form.said(), by=by)
        except SchoolOpsError as refusal:
            add_refusal(form, refusal)
        else:
            words = _("The gradebook of %(name)s is begun. Say what counts in it.")
            messages.success(request, about(book, words))
            return HttpResponseRedirect(reverse("office:set-gradebook", args=(book.sourced_id,)))
    rows = selectors.gradebooks_seen(by=by).order_by("-term__starts_on", "course__title", "pk")
    page = Paginator(rows, PER_PAGE).get_page(whole_number(request.GET.get("page", "")) or 1)
    context = {"books": [selectors.head_of_book(each) for each in page], "page": page, "form": form}
    status = 422 if form is not None and form.errors else 200
    return render_page(request, "office/examinations/gradebooks.html", context, title=_("Gradebooks"), status=status)


# --- what is assessed -------------------------------------------------------------------------------------------------
class RowForm(DressedForm):
    """A row of a table; without a name it is none."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        for field in self.visible_fields():
            field.field.widget.attrs["aria-label"] = field.label


class CategoryForm(RowForm):
    """A category."""

    name = forms.CharField(label=gettext_lazy("Category"), max_length=80, required=False)
    weight = forms.DecimalField(label=gettext_lazy("Weight"), max_digits=7, decimal_places=2, initial=1)
    drop_lowest = forms.IntegerField(label=gettext_lazy("Lowest dropped"), min_value=0, max_value=100, initial=0)


class AssessmentForm(RowForm):
    """An assessment."""

    name = forms.CharField(label=gettext_lazy("Assessment"), max_length=80, required=False)
    category = forms.CharField(label=gettext_lazy("Category"), max_length=80, required=False)
    day = day_field(label=gettext_lazy("Day"), required=False)
    max_marks = forms.DecimalField(label=gettext_lazy("Marks"), max_digits=7, decimal_places=2, initial=10)
    weight = forms.DecimalField(label=gettext_lazy("Weight"), max_digits=7, decimal_places=2, initial=1)
    extra = forms.BooleanField(label=gettext_lazy("Extra"), required=False)
    resit_of = forms.CharField(label=gettext_lazy("Re-sit of"), max_length=80, required=False)
    resit = forms.ChoiceField(label=gettext_lazy("The re-sit"), choices=list(RESITS.items()), required=False)
    cap = forms.DecimalField(label=gettext_lazy("Cap %"), max_digits=5, decimal_places=2, required=False)


@office_page(permission="marks.enter", over="section")
def structure(request: HttpRequest, gradebook: UUID) -> HttpResponse:
    """The categories and assessments of a gradebook."""
    by = actor(request)
    book = selectors.gradebook_of(gradebook, "marks.enter", by)
    sheet = selectors.sheet_of_book(book)
    present = sheet["assessments"]
    categories = _table(CategoryForm, MOST_CATEGORIES)(posted(request), initial=sheet["categories"], prefix="category")
    assessments = _table(AssessmentForm, MOST_ASSESSMENTS)(posted(request), initial=present, prefix="assessment")
    notices: list[str] = []
    wrong = request.method == "POST" and not (categories.is_valid() and assessments.is_valid())
    if request.method == "POST" and not wrong:
        ids = [each["id"] for each in present]
        try:
            services.set_gradebook(
                gradebook=gradebook,
                categories=[services.CategorySaid(**row) for row in categories.cleaned_data if row.get("name")],
                assessments=[
                    services.AssessmentSaid(**row, id=ids[number] if number < len(ids) else None)
                    for number, row in enumerate(assessments.cleaned_data)
                    if row.get("name")
                ],
                expected_version=whole_number(request.POST.get("version", "")),
                by=by,
            )
        except SchoolOpsError as refusal:
            notices = [in_full(refusal), *map(message_of, refusal.errors)]
        else:
            messages.success(request, about(book, _("What is assessed in %(name)s is set.")))
            return HttpResponseRedirect(reverse("office:gradebook", args=(gradebook,)))
    context = {"book": sheet, "categories": categories, "assessments": assessments, "notices": notices}
    # Its rows are those that stood there then: another version has to be read.
    context["version"] = version_shown(request, sheet["version"])
    title = _("What is assessed: %(book)s") % {"book": apart(book)}
    status = 422 if wrong or notices else 200
    return render_page(request, "office/examinations/gradebook_set.html", context, title=title, status=status)


def _table(form: type[RowForm], most: int) -> Any:
    return forms.formset_factory(form, extra=SPARE, max_num=most, absolute_max=most)


# --- the grid ---------------------------------------------------------------------------------------------------------
@office_page(permission="marks.view", over="section")
def gradebook(request: HttpRequest, gradebook: UUID) -> HttpResponse:
    """A gradebook's marks: to enter for who may, to read for who may only see them; and publishing it."""
    by = actor(request)
    book = selectors.gradebook_of(gradebook, "marks.view", by)
    notices: list[str] = []
    status, typed, refused = 200, {}, None
    if request.method == "POST":
        try:
            if "publish" in request.POST:
                _published(request, book)
            elif "reopen" in request.POST:
                reason = asked_reason(request)
                services.reopen_gradebook(gradebook=gradebook, reason=reason, lasting=REOPENED, by=by)
                messages.success(request, about(book, _("The marks of %(name)s are open for 24 hours.")))
            else:
                typed = _entered(request, book)
        except SchoolOpsError as refusal:
            if not refusal.code.startswith("examinations:"):
                raise
            typed, refused = {} if "reopen" in request.POST else _cells(request), refusal
            notices = [in_full(refusal), *_told(refusal, book, typed)]
            status = problem.status_of(refusal)[0]
        else:
            return HttpResponseRedirect(f"{request.get_full_path()}#saved")
    sheet = selectors.gradebook_sheet(gradebook, by=by)
    may = {
        name: Gradebook.objects.filter(selectors.papers_in_reach(by, code), pk=book.pk).exists()
        for name, code in (("enters", "marks.enter"), ("publishes", "exams.publish"), ("reopens", "marks.reopen"))
        if code in permissions_of(by)
    }
    closed = why_closed(selectors.must_be_open, book)
    rows = [
        {**record, "cells": [_cell(record, each, part, typed) for each, part in _pairs(sheet, record)]}
        for record in sheet["records"]
    ]
    context = {"book": sheet, "rows": rows, "notices": notices, "reader": str(by.sourced_id), **may}
    context["version"] = version_shown(request, sheet["marks_version"], refused)
    context |= {"public": book.is_public(clock.now()), "closed": closed, "writes": may.get("enters") and not closed}
    context["bounded"] = any(each["bounded"] for each in sheet["records"])
    title = _("Gradebook: %(book)s") % {"book": apart(book)}
    return render_page(request, "office/examinations/gradebook.html", context, title=title, status=status)


def _pairs(sheet: Mapping[str, Any], record: Mapping[str, Any]) -> Any:
    return zip(sheet["assessments"], record["marks"], strict=True)


def _cell(
    record: Mapping[str, Any], assessment: Mapping[str, Any], part: Mapping[str, Any], typed: Mapping[str, str]
) -> dict[str, Any]:
    key = f"{record['student_id']}.{assessment['id']}"
    shown = selectors.cell_of(part["status"], part["score"])
    dropped = assessment["id"] in record["dropped"]
    return {"key": key, "shown": shown, "said": typed.get(key, shown), "label": assessment["name"], "dropped": dropped}


def _cells(request: HttpRequest) -> dict[str, str]:
    """The cells that say something else than the page showed."""
    said = {}
    for name in request.POST:
        if name.startswith("mark-"):
            cell = composed(request.POST[name].strip())[:LONGEST_CELL]
            if cell != request.POST.get(f"was-{name.removeprefix('mark-')}", ""):
                said[name.removeprefix("mark-")] = cell
    return said


def _entered(request: HttpRequest, book: Gradebook) -> dict[str, str]:
    typed = _cells(request)
    written = []
    for key, cell in typed.items():
        student, _dot, assessment = key.partition(".")
        with contextlib.suppress(ValueError):
            score, state = selectors.read_cell(cell)
            written.append(services.Typed(UUID(student), UUID(assessment), score, state))
    seen = whole_number(request.POST.get("version", "")) or 0
    services.enter_assessments(gradebook=book.sourced_id, typed=written, seen_version=seen, by=actor(request))
    number = len(written)
    words = ngettext("%(count)d mark of %(name)s is saved.", "%(count)d marks of %(name)s are saved.", number)
    messages.success(request, about(book, words, count=number))
    return typed


def _told(refusal: SchoolOpsError, book: Gradebook, typed: Mapping[str, str]) -> list[str]:
    """What is wrong with which cell, in the words of the page."""
    if not isinstance(refusal, MarksRefused):
        return []
    names = {str(each.sourced_id): each.full_name for each in selectors.students_in_book(book)}
    keys = list(typed)
    told = []
    for error in refusal.errors:
        number = whole_number(error.field.removeprefix("records.").partition(".")[0])
        who = names.get(keys[number].partition(".")[0], "–") if number is not None and number < len(keys) else "–"
        told.append(f"{apart(who)}: {message_of(error)}")
    return told


def _published(request: HttpRequest, book: Gradebook) -> None:
    wanted = request.POST["publish"] == "now"
    services.publish_gradebook(
        gradebook=book.sourced_id,
        published_at=clock.now() if wanted else None,
        expected_version=whole_number(request.POST.get("book_version", "")),
        by=actor(request),
    )
    words = _("Families read %(name)s now.") if wanted else _("Families do not read %(name)s any more.")
    messages.success(request, about(book, words))


@office_page(permission="marks.view", over="section")
def history(request: HttpRequest, gradebook: UUID) -> HttpResponse:
    """Who entered what in a gradebook, newest first."""
    by = actor(request)
    book = selectors.gradebook_of(gradebook, "marks.view", by)
    rows = selectors.book_changes(gradebook, by=by).select_related("student", "by").order_by("-pk")
    page = Paginator(rows, PER_PAGE).get_page(whole_number(request.GET.get("page", "")) or 1)
    changes = [
        {
            "at": each.at,
            "by": each.by or "–",
            "student": each.student.full_name,
            "assessment": (each.after or each.before or {}).get("assessment", ""),
            "before": cell_said(each.before) or "–",
            "after": cell_said(each.after) or "–",
        }
        for each in page
    ]
    context = {"book": book, "changes": changes, "page": page, "zone": book.term.year.institution.timezone}
    title = _("History of the gradebook: %(book)s") % {"book": apart(book)}
    return render_page(request, "office/examinations/gradebook_history.html", context, title=title)
