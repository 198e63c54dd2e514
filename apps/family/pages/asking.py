"""What families ask the school for: leave, or that it understands an absence; and to be reached otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.access.selectors import permissions_everywhere
from apps.attendance import services as attendance
from apps.attendance.models import Leave
from apps.family import services
from apps.family.models import ContactRequest
from apps.family.pages.frame import Visit, done, family_page, in_full, in_words, render
from apps.family.selectors import Child
from apps.students.models import FamilyItem, Guardian
from schoolops.api.viewsets import file_response
from schoolops.errors import SchoolOpsError
from schoolops.folding import composed


class PlainForm(forms.Form):
    """A form of these pages: texts as every door takes them in, refusals at their fields."""

    required_css_class = "required"

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        return {name: composed(value) if isinstance(value, str) else value for name, value in said.items()}

    def refuse(self, error: SchoolOpsError) -> None:
        """Put what a service refused where the reader looks."""
        placed = False
        for each in error.errors:
            if each.field in self.fields:
                self.add_error(each.field, in_words(each))
                placed = True
        if not placed:
            self.add_error(error.field if error.field in self.fields else None, in_full(error))


class LeaveForm(PlainForm):
    """From when to when, why, and what proves it."""

    starts_on = forms.DateField(label=gettext_lazy("From"), widget=forms.DateInput({"type": "date"}))
    ends_on = forms.DateField(
        label=gettext_lazy("To, included"), required=False, widget=forms.DateInput({"type": "date"}),
        help_text=gettext_lazy("Empty: one day."),
    )  # fmt: skip
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=300, widget=forms.Textarea({"rows": 3}),
    )  # fmt: skip
    attachment = forms.FileField(
        label=gettext_lazy("A paper or photo of it"),
        required=False,
        help_text=gettext_lazy("PDF, JPEG, PNG or WebP of 8 MB at most: a doctor’s note, for instance."),
        widget=forms.FileInput({"accept": "application/pdf,image/jpeg,image/png,image/webp"}),
    )


@family_page(item=FamilyItem.LEAVE, methods="GET HEAD POST")
def leave(request: HttpRequest, visit: Visit, child: Child) -> HttpResponse:
    """Ask for leave, or explain an absence; and what became of what was asked."""
    form = LeaveForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        file = said["attachment"]
        try:
            attendance.request_leave(
                student=child.student.sourced_id,
                starts_on=said["starts_on"],
                ends_on=said["ends_on"] or said["starts_on"],
                reason=said["reason"],
                attachment=file.read() if file else b"",
                by=visit.by,
            )
        except SchoolOpsError as error:
            form.refuse(error)
        else:
            return done(request, _("The school has it. You see here what it decides."), "family:leave", child)
    rows = Leave.objects.filter(student=child.student).select_related("requested_by").order_by("-starts_on", "-pk")
    context = {
        "form": form,
        "leaves": [(row, WORDS[row.state], row.requested_by_id == visit.by.pk) for row in rows[:50]],
    }
    title = _("Ask for leave or explain an absence")
    return render(request, "family/leave.html", context, title=title, child=child, status=422 if form.errors else 200)


WORDS: Mapping[str, Any] = {
    Leave.State.REQUESTED: gettext_lazy("Not decided yet"),
    Leave.State.APPROVED: gettext_lazy("Approved"),
    Leave.State.REFUSED: gettext_lazy("Refused"),
    Leave.State.CANCELLED: gettext_lazy("Taken back"),
}


@family_page(item=FamilyItem.LEAVE, methods="POST")
def take_back(request: HttpRequest, visit: Visit, child: Child, leave: UUID) -> HttpResponse:
    """Take back what one asked for and nobody has decided."""
    _theirs(request, child, leave)
    attendance.cancel_leave(leave=leave, by=visit.by)
    return done(request, _("Taken back."), "family:leave", child)


def _theirs(request: HttpRequest, child: Child, leave: UUID) -> None:
    if not Leave.objects.filter(student=child.student, sourced_id=leave).exists():
        raise Http404


@family_page(item=FamilyItem.LEAVE)
def attachment(request: HttpRequest, visit: Visit, child: Child, leave: UUID) -> HttpResponse:
    """What one sent along."""
    _theirs(request, child, leave)
    content, media_type = attendance.attachment_of(leave, by=visit.by)
    return file_response(content, media_type)


class ContactForm(PlainForm):
    """How one is reached."""

    phone = forms.CharField(
        label=gettext_lazy("Phone"), max_length=40, required=False,
        widget=forms.TextInput({"type": "tel", "autocomplete": "tel", "dir": "ltr"}),
    )  # fmt: skip
    email = forms.EmailField(
        label=gettext_lazy("E-mail"), max_length=254, required=False,
        widget=forms.EmailInput({"autocomplete": "email", "dir": "ltr"}),
    )  # fmt: skip


@family_page(asks="students.view over own", methods="GET HEAD POST")
def contact(request: HttpRequest, visit: Visit) -> HttpResponse:
    """One's own phone and e-mail as the school has them, and what should be corrected."""
    guardian = Guardian.objects.filter(user=visit.by).first()
    if guardian is None or (visit.by != visit.viewer and "guardians.view" not in permissions_everywhere(visit.viewer)):
        raise Http404
    form = ContactForm(request.POST or None, initial={"phone": guardian.phone, "email": guardian.email})
    if request.method == "POST" and form.is_valid():
        try:
            services.ask_for_contacts(**form.cleaned_data, by=visit.by)
        except SchoolOpsError as error:
            form.refuse(error)
        else:
            return done(request, _("The school has it, and changes it once somebody has looked."), "family:contact")
    wish = ContactRequest.objects.filter(guardian=guardian, state=ContactRequest.State.REQUESTED).first()
    context = {"form": form, "guardian": guardian, "wish": wish}
    return render(
        request, "family/contact.html", context, title=_("How the school reaches you"),
        status=422 if form.errors else 200,
    )  # fmt: skip
