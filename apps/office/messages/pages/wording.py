"""How a school words what it tells, and what it sends on which channel, when and how much of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.notifications import services
from apps.notifications.models import LONGEST_SUBJECT, LONGEST_TEXT, Channel
from apps.notifications.services import Wording
from apps.office.messages import selectors
from apps.office.messages.pages.sent import CHANNELS
from apps.office.shell.fields import about, posted, time_field
from apps.office.shell.forms import DressedForm, add_refusal
from apps.office.shell.pages import actor, office_page, render_page
from apps.students.models import Student
from schoolops.errors import SchoolOpsError


class TemplateForm(DressedForm):
    """How a fact is worded, and a child to look at it with."""

    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=LONGEST_SUBJECT, required=False)
    text = forms.CharField(
        label=gettext_lazy("Text"), max_length=LONGEST_TEXT, required=False, widget=forms.Textarea(attrs={"rows": 12})
    )
    child = forms.CharField(
        label=gettext_lazy("Admission number"), max_length=40, required=False,
        help_text=gettext_lazy("Of a child to look at it with; nothing is sent."),
    )  # fmt: skip


@office_page(permission="messages.configure", over="school")
def templates(request: HttpRequest) -> HttpResponse:
    """Every fact, its channels and languages."""
    languages = settings.LANGUAGES
    rows = [
        (_(fact.name), [(CHANNELS[channel], [(code, channel, language, name) for language, name in languages])
                        for channel in (Channel.EMAIL, Channel.SMS, Channel.INBOX)])
        for code, fact in sorted(services.facts().items())
    ]  # fmt: skip
    return render_page(request, "office/messages/templates.html", {"rows": rows}, title=_("Templates"))


@office_page(permission="messages.configure", over="school")
def template(request: HttpRequest, fact: str, channel: str, language: str) -> HttpResponse:
    """Word a fact on a channel in a language, and look at it with a real child."""
    by = actor(request)
    if channel not in Channel.values or language not in dict(settings.LANGUAGES):
        raise Http404
    found, what = services.fact_called(fact), {"fact": fact, "channel": Channel(channel), "language": language}
    now = services.wording_of(**what)
    form = TemplateForm(posted(request), initial={"subject": now.subject, "text": now.text})
    shown = None
    here = HttpResponseRedirect(request.path)
    if request.method == "POST" and request.POST.get("act") == "reset":
        services.reset_template(**what, by=by)
        messages.success(request, about(_(found.name), _("“%(name)s” is worded as the release words it.")))
        return here
    if form.is_valid():
        said = Wording(form.cleaned_data["subject"], form.cleaned_data["text"])
        try:
            if request.POST.get("act") == "save":
                services.set_template(**what, subject=said.subject, text=said.text, by=by)
                messages.success(request, about(_(found.name), _("“%(name)s” is worded so from now on.")))
                return here
            child = Student.objects.filter(admission_number=form.cleaned_data["child"]).first()
            if child is None:
                form.add_error("child", _("There is no student with this number."))
            else:
                shown = services.preview_template(**what, said=said, student=child.sourced_id, by=by)
        except SchoolOpsError as refusal:
            add_refusal(form, refusal)
    context = {
        "form": form,
        "shown": shown,
        "fact": _(found.name),
        "channel": CHANNELS[Channel(channel)],
        "language": dict(settings.LANGUAGES)[language],
        "direction": "rtl" if language == "ar" else "ltr",
        "placeholders": [(f"{{{name}}}", _(what)) for name, what in found.allowed.items()],
    }
    status = 422 if form.errors else 200
    return render_page(request, "office/messages/template.html", context, title=_("Template"), status=status)


class OutgoingForm(DressedForm):
    """Hours and limits."""

    quiet_from = time_field(label=gettext_lazy("Quiet from"))
    quiet_until = time_field(
        label=gettext_lazy("Quiet until"), help_text=gettext_lazy("By the clock of each campus. Both alike: never.")
    )
    window_minutes = forms.IntegerField(
        label=gettext_lazy("Minutes for correcting a mark"), min_value=0, max_value=720,
        help_text=gettext_lazy("Nobody is told of an absence before."),
    )  # fmt: skip
    emails_a_day = forms.IntegerField(
        label=gettext_lazy("E-mails a day"), min_value=0, max_value=1_000_000, help_text=gettext_lazy("0: no limit")
    )
    texts_a_day = forms.IntegerField(
        label=gettext_lazy("Text messages a day"), min_value=0, max_value=1_000_000,
        help_text=gettext_lazy("0: no limit"),
    )  # fmt: skip
    absences = forms.IntegerField(
        label=gettext_lazy("Warn class teachers from so many absences"), min_value=0, max_value=100,
        help_text=gettext_lazy("0: never"),
    )  # fmt: skip
    absences_in_days = forms.IntegerField(label=gettext_lazy("… within so many days"), min_value=1, max_value=366)


@office_page(permission="messages.configure", over="school")
def rules(request: HttpRequest) -> HttpResponse:
    """Hours and limits, and which facts go on which channel."""
    by = actor(request)
    now = services.outgoing()
    names = tuple(OutgoingForm.base_fields)
    is_rule = request.method == "POST" and "fact" in request.POST
    form = OutgoingForm(None if is_rule else posted(request), initial={name: getattr(now, name) for name in names})
    here = HttpResponseRedirect(reverse("office:message-rules"))
    try:
        if is_rule:
            of = _set_rule(request)
            messages.success(request, about(of, _("The rule for “%(name)s” is saved.")))
            return here
        if form.is_valid():
            services.set_outgoing(**form.cleaned_data, by=by)
            messages.success(request, _("Hours and limits are saved."))
            return here
    except SchoolOpsError as refusal:
        if not refusal.code.startswith("notifications:"):
            raise
        add_refusal(form, refusal)
    said, levels = selectors.rules(), selectors.levels()
    facts = [
        (code, _(fact.name), [
            (channel.value, CHANNELS[channel], said.get((code, channel, None), channel in fact.on),
             [(level, said[code, channel, level.pk]) for level in levels if (code, channel, level.pk) in said])
            for channel in Channel
        ])
        for code, fact in sorted(services.facts().items()) if not fact.critical
    ]  # fmt: skip
    context: dict[str, Any] = {"form": form, "facts": facts, "levels": levels}
    status = 422 if form.errors else 200
    return render_page(request, "office/messages/rules.html", context, title=_("Rules"), status=status)


def _set_rule(request: HttpRequest) -> str:
    """Set it, and say of what it is."""
    asked = {name: request.POST.get(name, "") for name in ("fact", "channel", "level", "sends")}
    level = next((each for each in selectors.levels() if str(each.sourced_id) == asked["level"]), None)
    if asked["channel"] not in Channel.values or (asked["level"] and level is None):
        raise Http404
    sends = {"yes": True, "no": False}.get(asked["sends"])
    services.set_rule(fact=asked["fact"], channel=asked["channel"], sends=sends, grade_level=level, by=actor(request))
    return str(_(services.fact_called(asked["fact"]).name))
