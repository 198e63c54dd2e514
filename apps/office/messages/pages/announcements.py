"""Announcements: the latest, writing one and looking at whom it reaches, and who has read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.accounts.models import User
from apps.notifications import selectors as notifications
from apps.notifications import services
from apps.notifications.models import LONGEST_SUBJECT, LONGEST_TEXT, Announcement, Channel
from apps.notifications.selectors import Audience
from apps.office.messages import selectors
from apps.office.messages.pages.sent import CHANNELS
from apps.office.shell.fields import MomentField, about, posted, whole_number
from apps.office.shell.forms import DressedForm, add_refusal
from apps.office.shell.pages import actor, office_page, render_page
from apps.students.models import Student
from schoolops.api.viewsets import file_response
from schoolops.errors import SchoolOpsError

PER_PAGE = 50
Kind, State, To = Announcement.Kind, Announcement.State, Announcement.To
KINDS = {
    Kind.SCHOOL: gettext_lazy("Whole school"),
    Kind.CAMPUS: gettext_lazy("Campus"),
    Kind.LEVEL: gettext_lazy("Grade level"),
    Kind.SECTION: gettext_lazy("Section"),
    Kind.CLASS: gettext_lazy("Class"),
    Kind.STUDENTS: gettext_lazy("Picked students"),
    Kind.ROLE: gettext_lazy("Role"),
}
STATES = {
    State.SCHEDULED: gettext_lazy("Waits for its time"),
    State.SENDING: gettext_lazy("Being sent"),
    State.PUBLISHED: gettext_lazy("Published"),
    State.WITHDRAWN: gettext_lazy("Withdrawn"),
}


class AnnouncementForm(DressedForm):
    """An announcement."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=LONGEST_SUBJECT)
    text = forms.CharField(label=gettext_lazy("Text"), max_length=LONGEST_TEXT, widget=forms.Textarea)
    targets = forms.ChoiceField(label=gettext_lazy("For"))
    find = forms.CharField(
        label=gettext_lazy("Pick students by name or admission number"), required=False, max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )  # fmt: skip
    picked = forms.MultipleChoiceField(label=gettext_lazy("Picked students"), required=False)
    to = forms.MultipleChoiceField(
        label=gettext_lazy("To"), required=False, initial=[To.GUARDIANS.value],
        choices=[(To.GUARDIANS.value, gettext_lazy("Guardians")), (To.STUDENTS.value, gettext_lazy("Students"))],
    )  # fmt: skip
    channels = forms.MultipleChoiceField(
        label=gettext_lazy("Beside the inbox"), required=False, initial=[Channel.EMAIL.value],
        choices=[(each.value, CHANNELS[each]) for each in (Channel.EMAIL, Channel.SMS)],
    )  # fmt: skip
    acknowledge = forms.BooleanField(label=gettext_lazy("Ask readers to confirm it"), required=False)
    publish_at = MomentField(label=gettext_lazy("Not before"), required=False)

    def __init__(self, groups: Any, students: Sequence[Student], *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        picked: Any = self.fields["picked"]
        picked.choices = [(str(each.sourced_id), f"{each.full_name} · {each.admission_number}") for each in students]
        picked.widget.choices = picked.choices
        if not students:
            del self.fields["picked"]
        field: Any = self.fields["targets"]
        field.choices = [
            (str(KINDS[Kind(kind)]), [(key, name or str(KINDS[Kind(kind)])) for key, name in choices])
            for kind, choices in groups
        ]
        field.widget.choices = field.choices

    def audience(self) -> Audience:
        """Whom it is for."""
        kind, _colon, target = self.cleaned_data["targets"].partition(":")
        to = () if kind == Kind.ROLE else tuple(self.cleaned_data["to"])
        targets = tuple(self.cleaned_data.get("picked", ())) if kind == Kind.STUDENTS else tuple(filter(None, [target]))
        return Audience(kind, targets, to)


@office_page(permission="messages.announce", over="own")
def announcements(request: HttpRequest) -> HttpResponse:
    """One's own, or all."""
    by = actor(request)
    rows = notifications.announcements_seen(by=by).select_related("written_by").order_by("-publish_at", "-pk")
    page = Paginator(rows, PER_PAGE).get_page(whole_number(request.GET.get("page", "")) or 1)
    context = {
        "page": page,
        "rows": [(row, KINDS[Kind(row.kind)], STATES[State(row.state)]) for row in page],
    }
    return render_page(request, "office/messages/announcements.html", context, title=_("Announcements"))


def _form(request: HttpRequest, by: User) -> AnnouncementForm:
    """As it was sent, with the students that were picked and those that were looked for."""
    words = request.POST.get("find", "").replace("\0", "").strip()[:100]
    students = selectors.students_picked(request.POST.getlist("picked"), words, by=by)
    if request.POST.get("act") != "find":
        return AnnouncementForm(selectors.groups_of(by), students, posted(request))
    many = {name: request.POST.getlist(name) for name in ("picked", "to", "channels")}
    typed = {**request.POST.dict(), **many, "targets": Kind.STUDENTS.value}
    return AnnouncementForm(selectors.groups_of(by), students, initial=typed)


@office_page(permission="messages.announce", over="everybody")
def write(request: HttpRequest) -> HttpResponse:
    """Write one: looked at first, with how many people it reaches, and then sent."""
    by = actor(request)
    form = _form(request, by)
    preview = None
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        audience = form.audience()
        try:
            if request.POST.get("act") == "send":
                file = request.FILES.get("attachment")
                made = services.announce(
                    audience=audience, by=by,
                    attachment=services.Paper(file.read(), file.name or "") if file else None,
                    **{name: said[name] for name in ("title", "text", "channels", "acknowledge", "publish_at")},
                )  # fmt: skip
                messages.success(request, about(made.title, _("“%(name)s” is on its way.")))
                return HttpResponseRedirect(reverse("office:announcement", args=(made.sourced_id,)))
            preview = services.preview(title=said["title"], audience=audience, channels=said["channels"], by=by)
        except SchoolOpsError as refusal:
            add_refusal(form, refusal)
    if request.FILES:
        messages.warning(request, _("Choose the file once more: a page cannot keep it."))
    context = {
        "form": form,
        "preview": preview,
        "reaches": [(CHANNELS[Channel(channel)], number) for channel, number in preview.by_channel.items()]
        if preview
        else [],
    }
    status = 422 if form.errors else 200
    return render_page(request, "office/messages/write.html", context, title=_("Write an announcement"), status=status)


@office_page(permission="messages.announce", over="own")
def attachment(request: HttpRequest, announcement: UUID) -> HttpResponse:
    """The file that goes with one."""
    return file_response(*services.attachment_of(announcement, by=actor(request)))


@office_page(permission="messages.announce", over="own")
def announcement(request: HttpRequest, announcement: UUID) -> HttpResponse:
    """What it says, who has read it; reminding the rest, and withdrawing it."""
    by = actor(request)
    notice = ""
    if request.method == "POST":
        try:
            number = 0
            if request.POST.get("act") == "withdraw":
                services.withdraw(announcement=announcement, by=by)
                words = _("“%(name)s” is withdrawn.")
            else:
                number = services.remind(announcement=announcement, by=by)
                words = ngettext(
                    "%(count)d reader of “%(name)s” is reminded.",
                    "%(count)d readers of “%(name)s” are reminded.",
                    number,
                )
            title = notifications.announcement_seen(announcement, by=by).title
            messages.success(request, about(title, words, count=number))
            return HttpResponseRedirect(request.path)
        except SchoolOpsError as error:
            if not error.code.startswith("notifications:announcement-published"):
                raise
            notice = str(_("It is not published yet."))
    found = notifications.announcement_seen(announcement, by=by)
    readers = notifications.readers_of(announcement, by=by).order_by("acknowledged_at", "read_at", "pk")
    page = Paginator(readers, PER_PAGE).get_page(whole_number(request.GET.get("page", "")) or 1)
    context = {
        "found": found,
        "kind": KINDS[Kind(found.kind)],
        "state": STATES[State(found.state)],
        "page": page,
        "notice": notice,
        "withdrawn": found.state == State.WITHDRAWN,
    }
    return render_page(
        request, "office/messages/announcement.html", context, title=found.title, status=409 if notice else 200
    )
