"""Setting papers of a session: one course for several sections at once, or several classes; and changing one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.examinations import selectors, services
from apps.examinations.errors import PapersRefused
from apps.examinations.models import Exam, ExamSession, GradingScale
from apps.institutions.models import Course
from apps.office.examinations.selectors import groups_of, session_seen, titled
from apps.office.shell.fields import about, apart, day_field, posted, time_field, version_shown, whole_number
from apps.office.shell.forms import DressedForm, add_refusal
from apps.office.shell.pages import actor, office_page, render_page
from apps.office.shell.site import in_full, message_of, words_of
from apps.staff.models import StaffMember
from schoolops.errors import SchoolOpsError
from schoolops.rows import RowStatus

# A group in a form: what it is, and which.
SECTION, CLASS = "section", "class"


class Several(forms.SelectMultiple):
    """A list to choose several of: a school has more people than fit as boxes."""


class PaperForm(DressedForm):
    """What of a paper can be changed."""

    title = forms.CharField(
        label=gettext_lazy("Title"), max_length=80, required=False, help_text=gettext_lazy("Such as Paper 2.")
    )
    day = day_field(label=gettext_lazy("Day"))
    starts_at = time_field(label=gettext_lazy("Begins at"))
    ends_at = time_field(label=gettext_lazy("Ends at"))
    max_marks = forms.DecimalField(label=gettext_lazy("Marks"), max_digits=7, decimal_places=2, initial=100)
    pass_marks = forms.DecimalField(
        label=gettext_lazy("Marks to pass"), max_digits=7, decimal_places=2, required=False,
        help_text=gettext_lazy("Empty: the grade says who passes."),
    )  # fmt: skip
    scale = forms.ModelChoiceField(label=gettext_lazy("Grading scale"), queryset=GradingScale.objects.none())
    room = forms.CharField(label=gettext_lazy("Room"), max_length=60, required=False)
    invigilators = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Invigilators"), queryset=StaffMember.objects.none(), required=False,
        widget=Several(attrs={"size": 5}),
    )  # fmt: skip

    def __init__(self, session: ExamSession, *arguments: Any, exam: Exam | None = None, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.session = session
        scales: Any = self.fields["scale"]
        scales.queryset = GradingScale.objects.filter(retired=False)
        if exam is not None:
            scales.queryset = scales.queryset | GradingScale.objects.filter(pk=exam.scale_id)
        people: Any = self.fields["invigilators"]
        people.queryset = StaffMember.objects.filter(
            institution=session.term.year.institution_id, status=RowStatus.ACTIVE
        ).order_by("name_key", "pk")

    def said(self) -> dict[str, Any]:
        """What was said, by field of ``services.Paper``."""
        names = ("title", "day", "starts_at", "ends_at", "max_marks", "pass_marks", "room")
        said = {name: self.cleaned_data[name] for name in names}
        people = tuple(each.sourced_id for each in self.cleaned_data["invigilators"])
        return {**said, "scale_id": self.cleaned_data["scale"].sourced_id, "invigilator_ids": people}


class PapersForm(PaperForm):
    """The same for each of several sections in one course, or of several classes."""

    field_order = ("course", "groups")
    course = forms.ModelChoiceField(
        label=gettext_lazy("Course"), queryset=Course.objects.none(), required=False,
        help_text=gettext_lazy("Of sections; a class has its own."),
    )  # fmt: skip
    groups = forms.MultipleChoiceField(
        label=gettext_lazy("Who sits it"), widget=Several(attrs={"size": 8}),
        help_text=gettext_lazy("Each gets a paper of its own. Without a room a section sits it in its own."),
    )  # fmt: skip

    def __init__(self, session: ExamSession, *arguments: Any, **more: Any) -> None:
        super().__init__(session, *arguments, **more)
        courses: Any = self.fields["course"]
        courses.queryset = Course.objects.filter(institution=session.term.year.institution_id).order_by("title", "pk")
        self.sections, self.classes = groups_of(session)
        groups: Any = self.fields["groups"]
        groups.choices = [
            (_("Sections"), [(f"{SECTION} {each.pk}", str(each)) for each in self.sections]),
            (_("Classes"), [(f"{CLASS} {each.pk}", each.title) for each in self.classes]),
        ]

    def papers(self) -> Iterator[tuple[str, services.Paper]]:
        """What each is called, and what is said of it."""
        said, course = self.said(), self.cleaned_data["course"]
        rooms = said.pop("room")
        sections = {each.pk: each for each in self.sections}
        classes = {each.pk: each for each in self.classes}
        for chosen in self.cleaned_data["groups"]:
            kind, _space, key = chosen.partition(" ")
            number = whole_number(key) or 0
            if kind == CLASS:
                taught = classes[number]
                yield taught.title, services.Paper(class_id=taught.sourced_id, room=rooms, **said)
            else:
                section = sections[number]
                at = course.sourced_id if course is not None else None
                room = rooms or section.room
                yield str(section), services.Paper(section_id=section.sourced_id, course_id=at, room=room, **said)


@office_page(permission="exams.manage", over="campus")
def new(request: HttpRequest, exam_session: UUID) -> HttpResponse:
    """Set papers: all of them, or none and each says what is in its way."""
    by = actor(request)
    found = session_seen(exam_session, by=by)
    form = PapersForm(found, posted(request))
    if form.is_valid():
        papers = list(form.papers())
        try:
            made = services.add_papers(session=found.sourced_id, papers=[said for _name, said in papers], by=by)
        except SchoolOpsError as refusal:
            _refuse(form, refusal, [name for name, _said in papers])
        else:
            words = ngettext("%(count)d paper of %(name)s is set.", "%(count)d papers of %(name)s are set.", len(made))
            messages.success(request, about(found.name, words, count=len(made)))
            return HttpResponseRedirect(reverse("office:exam-session", args=(found.sourced_id,)))
    title = _("Set papers of %(session)s") % {"session": apart(found.name)}
    return _form_page(request, form, found, title=title, action=_("Set these papers"))


def _refuse(form: forms.BaseForm, refusal: SchoolOpsError, names: Sequence[str]) -> None:
    """What is in the way of which paper; of a thing that all have in common once, on its field."""
    if not isinstance(refusal, PapersRefused):
        add_refusal(form, refusal)
        return
    form.add_error(None, words_of(refusal))
    seen = set()
    for error in refusal.errors:
        _papers, number, field = error.field.split(".")[:3]
        words = message_of(error)
        if (field, words) not in seen:
            seen.add((field, words))
            named = names[int(number)] if len(names) > 1 else ""
            form.add_error(None, f"{apart(named)}: {words}" if named else words)


@office_page(permission="exams.manage", over="campus")
def change(request: HttpRequest, paper: UUID) -> HttpResponse:
    """Change or remove a paper of which nobody was marked."""
    by = actor(request)
    exam = selectors.paper_of(paper, "exams.manage", by)
    found = session_seen(exam.session.sourced_id, by=by)
    back = reverse("office:exam-session", args=(found.sourced_id,))
    if "remove" in request.POST:
        return _removed(request, exam, found, back)
    form = PaperForm(found, posted(request), exam=exam, initial=_initial(exam))
    version = version_shown(request, exam.version)
    if form.is_valid():
        try:
            expected = whole_number(request.POST.get("version", ""))
            services.change_paper(paper=paper, values=form.said(), expected_version=expected, by=by)
        except SchoolOpsError as refusal:
            add_refusal(form, refusal, on={"examinations:scores-above-maximum": "max_marks"})
            version = version_shown(request, exam.version, refusal)
        else:
            messages.success(request, about(titled(exam), _("%(name)s is changed.")))
            return HttpResponseRedirect(back)
    return _form_page(request, form, found, title=titled(exam), action=_("Save"), exam=exam, version=version)


def _removed(request: HttpRequest, exam: Exam, found: ExamSession, back: str) -> HttpResponse:
    try:
        services.remove_paper(paper=exam.sourced_id, by=actor(request))
    except SchoolOpsError as refusal:
        messages.error(request, in_full(refusal))
        form = PaperForm(found, None, exam=exam, initial=_initial(exam))
        title, version = titled(exam), exam.version
        return _form_page(request, form, found, title=title, action=_("Save"), exam=exam, version=version, status=409)
    messages.success(request, about(titled(exam), _("%(name)s is removed.")))
    return HttpResponseRedirect(back)


def _initial(exam: Exam) -> dict[str, Any]:
    names = ("title", "day", "starts_at", "ends_at", "max_marks", "pass_marks", "room", "scale")
    people = StaffMember.objects.filter(invigilations__exam=exam)
    return {**{name: getattr(exam, name) for name in names}, "invigilators": list(people)}


def _form_page(
    request: HttpRequest,
    form: PaperForm,
    session: ExamSession,
    *,
    title: str,
    action: str,
    exam: Exam | None = None,
    version: int = 0,
    status: int = 200,
) -> HttpResponse:
    context = {"form": form, "session": session, "action": action, "exam": exam, "version": version}
    status = 422 if form.errors else status
    return render_page(request, "office/examinations/papers.html", context, title=title, status=status)
