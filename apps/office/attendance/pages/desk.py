"""The late desk: a name or number, the time, done."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from apps.access import services as access
from apps.attendance import services
from apps.attendance.services import Entry
from apps.institutions.models import Institution
from apps.office.attendance.selectors import desk as selectors
from apps.office.shell.fields import about, day_asked, posted, time_field
from apps.office.shell.forms import add_refusal
from apps.office.shell.pages import actor, office_page, render_page
from schoolops import clock
from schoolops.errors import SchoolOpsError


class EntryForm(forms.Form):
    """What the desk was told."""

    arrived_at = time_field(label=gettext_lazy("Came at"), required=False)
    left_at = time_field(label=gettext_lazy("Left at"), required=False)
    code = forms.ChoiceField(
        label=gettext_lazy("Code"),
        required=False,
        help_text=gettext_lazy("Leave it empty for somebody who came late or left early."),
    )
    remark = forms.CharField(label=gettext_lazy("Remark"), required=False, max_length=300)

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        codes = [(code.code, str(code)) for code in selectors.codes_of_the_desk()]
        # The time is the first thing that is entered.
        self.fields["arrived_at"].widget.attrs["autofocus"] = True
        self.fields["code"].choices = [("", _("as the time says")), *codes]  # type: ignore[attr-defined]

    def entry(self) -> Entry:
        said = self.cleaned_data
        return Entry(
            code=said["code"] or None,
            arrived_at=said["arrived_at"],
            left_at=said["left_at"],
            remark=said["remark"] or None,
        )


@office_page(permission="attendance.desk", over="student")
def desk(request: HttpRequest) -> HttpResponse:
    """Find, enter, and see what was entered today."""
    user = actor(request)
    day = day_asked(request.GET.get("day"), access.today(user))
    words = request.GET.get("q", "").replace("\0", "").strip()[:100]
    picked = _picked(request, day)
    found = selectors.on_a_roll(words, day, by=user) if words and picked is None else []
    if picked is None and len(found) == 1:
        picked, found = found[0], []
    form = None
    if picked is not None:
        form = EntryForm(posted(request), initial={"arrived_at": _now() if day == access.today(user) else None})
        if request.method == "POST" and form.is_valid():
            try:
                services.enter_at_desk(student=picked.id, day=day, entry=form.entry(), by=user)
            except SchoolOpsError as error:
                add_refusal(form, error)
            else:
                messages.success(request, _("%(name)s is entered.") % {"name": picked.name})
                return HttpResponseRedirect(_address(day, user_today=access.today(user)))
    context = {
        "day": day,
        "today": access.today(user),
        "q": words,
        "found": found,
        "nobody": bool(words) and picked is None and not found,
        "picked": picked,
        "form": form,
        "entries": selectors.entries(day, by=user),
    }
    status = 422 if form is not None and form.errors else 200
    return render_page(request, "office/attendance/desk.html", context, title=_("Late desk"), status=status)


def _picked(request: HttpRequest, day: dt.date) -> selectors.Found | None:
    wanted = request.GET.get("student")
    if not wanted:
        return None
    try:
        found = selectors.picked(UUID(wanted), day, by=actor(request))
    except ValueError:
        found = None
    if found is None:
        raise Http404
    return found


def _now() -> str:
    """The time at the school's first campus, to the minute."""
    timezone = Institution.objects.order_by("pk").values_list("timezone", flat=True).first() or "UTC"
    return clock.now().astimezone(zoneinfo.ZoneInfo(timezone)).strftime("%H:%M")


def _address(day: dt.date, *, user_today: dt.date) -> str:
    address = reverse("office:desk")
    return address if day == user_today else f"{address}?{urlencode({'day': day.isoformat()})}"


@require_POST
@office_page(permission="attendance.desk", over="student")
def undo(request: HttpRequest, entry: UUID) -> HttpResponse:
    """Take back an entry: the teacher's marks count again."""
    user = actor(request)
    day = day_asked(request.POST.get("day"), access.today(user))
    whose = services.remove_from_desk(entry=entry, by=user)
    messages.success(request, about(whose.full_name, _("The entry of %(name)s is taken back.")))
    return HttpResponseRedirect(_address(day, user_today=access.today(user)))
