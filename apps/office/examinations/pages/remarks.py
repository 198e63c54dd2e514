"""Remarks: by who teaches a course and by class teachers, each student a line, phrases of the school at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.access.selectors import permissions_of
from apps.examinations import selectors, services
from apps.examinations.errors import RemarksChangedMeanwhile
from apps.office.shell.fields import about, apart, posted
from apps.office.shell.forms import DressedForm, add_refusal
from apps.office.shell.pages import actor, office_page, render_page
from apps.office.shell.site import message_of, words_of
from schoolops import problem
from schoolops.errors import SchoolOpsError
from schoolops.folding import composed

LONGEST = 500
Written = Callable[[Sequence[services.Said]], int]


@office_page(permission="remarks.write", over="section")
def of_paper(request: HttpRequest, paper: UUID) -> HttpResponse:
    """Of those who sit a paper, about its course."""
    by = actor(request)
    exam = selectors.paper_of(paper, "remarks.write", by)
    title = _("Remarks: %(paper)s, %(group)s") % {
        "paper": apart(selectors.name_of(exam)),
        "group": apart(selectors.group_of(exam)),
    }
    return _page(
        request,
        lambda said: services.write_remarks(paper=paper, said=said, by=by),
        lambda: selectors.remarks_of(paper, by=by),
        title=title,
        back=reverse("office:marks", args=(paper,)) if "marks.view" in permissions_of(by) else "",
    )


@office_page(permission="remarks.write", over="section")
def of_class(request: HttpRequest, exam_session: UUID, section: UUID) -> HttpResponse:
    """Of the students of a section, by their class teacher."""
    by = actor(request)
    found = selectors.section_called(section)
    title = _("Class teacher’s remarks: %(section)s") % {"section": apart(str(found))}
    return _page(
        request,
        lambda said: services.write_class_remarks(session=exam_session, section=found, said=said, by=by),
        lambda: selectors.class_remarks_of(exam_session, found, by=by),
        title=title,
        back=reverse("office:exam-session", args=(exam_session,)) if "exams.view" in permissions_of(by) else "",
    )


def _page(
    request: HttpRequest, write: Written, read: Callable[[], list[dict[str, Any]]], *, title: str, back: str
) -> HttpResponse:
    notice, status, typed = "", 200, {}
    problems: dict[str, str] = {}
    if request.method == "POST":
        students = list(dict.fromkeys(request.POST.getlist("student")))[:2000]
        typed = {each: composed(request.POST.get(f"text-{each}", "").strip()) for each in students}
        touched = [each for each in students if typed[each] != request.POST.get(f"was-{each}", "").strip()]
        said = [
            services.Said(key, typed[each], request.POST.get(f"was-{each}", ""))
            for each in touched
            if (key := _key(each)) is not None
        ]
        if not said:
            # Nothing is written, so no service asks who this is.
            read()
        try:
            number = write(said) if said else 0
        except SchoolOpsError as refusal:
            if not refusal.code.startswith("examinations:"):
                raise
            notice, status = _why(refusal), problem.status_of(refusal)[0]
            for error in refusal.errors:
                place = error.field.split(".")[1]
                problems[touched[int(place)]] = message_of(error)
        else:
            words = ngettext("%(name)s: %(count)d is saved.", "%(name)s: %(count)d are saved.", number)
            messages.success(request, about(title, words, count=number))
            return HttpResponseRedirect(request.get_full_path())
    context = {
        "rows": [_row(each, typed, problems) for each in read()],
        "phrases": list(selectors.phrases(by=actor(request))),
        "notice": notice,
        "back": back,
        "longest": LONGEST,
        "configures": "exams.configure" in permissions_of(actor(request)),
    }
    return render_page(request, "office/examinations/remarks.html", context, title=title, status=status)


def _key(student: str) -> UUID | None:
    try:
        return UUID(student)
    except ValueError:
        return None


def _why(refusal: SchoolOpsError) -> str:
    if isinstance(refusal, RemarksChangedMeanwhile):
        return _("Somebody else has written some of these anew. Theirs stand beside yours; save again to keep yours.")
    return words_of(refusal)


def _row(told: Mapping[str, Any], typed: Mapping[str, str], problems: Mapping[str, str]) -> dict[str, Any]:
    student = str(told["student_id"])
    said = typed.get(student, told["text"])
    return {
        "student": student,
        "name": f"{told['given_name']} {told['family_name']}".strip(),
        "was": told["text"],
        "said": said,
        "by": told["by"],
        "problem": problems.get(student, ""),
    }


class PhraseForm(DressedForm):
    """A phrase for the bank."""

    text = forms.CharField(
        label=gettext_lazy("Phrase"), max_length=LONGEST, help_text=gettext_lazy("{name} is the student’s name.")
    )


@office_page(permission="exams.configure", over="everybody")
def bank(request: HttpRequest) -> HttpResponse:
    """The school's bank of phrases: one more, or one less."""
    by = actor(request)
    form = PhraseForm(None)
    if removed := _key(request.POST.get("remove", "")):
        gone = selectors.phrases(by=by).filter(sourced_id=removed).first()
        services.remove_phrase(phrase=removed, by=by)
        messages.success(request, about(gone or "–", _("“%(name)s” is removed.")))
        return HttpResponseRedirect(request.get_full_path())
    if request.method == "POST":
        form = PhraseForm(posted(request))
        if form.is_valid():
            try:
                services.add_phrase(text=form.cleaned_data["text"], by=by)
            except SchoolOpsError as refusal:
                add_refusal(form, refusal)
            else:
                messages.success(request, about(form.cleaned_data["text"], _("“%(name)s” is added.")))
                return HttpResponseRedirect(request.get_full_path())
    context = {"form": form, "phrases": list(selectors.phrases(by=by))}
    status = 422 if form.errors else 200
    return render_page(
        request, "office/examinations/phrases.html", context, title=_("Phrases for remarks"), status=status
    )
