"""What the school told somebody, and how they want to be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.access.selectors import permissions_everywhere
from apps.family.pages.frame import Visit, done, family_page, render
from apps.notifications import selectors as notifications
from apps.notifications import services as notification_services
from apps.notifications.models import Channel, Message
from schoolops.api.viewsets import file_response

ASKS = "messages.read over own"
# More than these nobody looks through on a phone.
SHOWN = 50
# What whoever looks as a guardian must be allowed to see of the whole school anyway, by what a message is about.
STAFF: Mapping[str, str] = {
    "": "messages.view",
    "attendance.": "attendance.view",
    "attendance.leave-": "leave.decide",
    "exams.": "marks.view",
    "fees.": "fees.view",
    "reports.": "marks.view",
}


def _inbox(visit: Visit) -> QuerySet[Any, Message]:
    """What lies in the inbox; of a guardian whom the office looks at, no more than it may see without that."""
    rows = notifications.inbox_of(visit.by)
    if visit.by != visit.viewer:
        allowed = permissions_everywhere(visit.viewer)
        for about, permission in STAFF.items():
            if permission not in allowed:
                rows = rows.exclude(fact__startswith=about)
    return rows


@family_page(asks=ASKS)
def notices(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The latest, the newest first."""
    rows = _inbox(visit)[:SHOWN]
    return render(request, "family/notices.html", {"notices": rows}, title=_("Messages"))


@family_page(asks=ASKS, methods="GET HEAD POST")
def notice(request: HttpRequest, visit: Visit, message: UUID) -> HttpResponse:
    """One of them, which is read by that; and where its author asks for it, confirmed by a button."""
    if request.method == "POST":
        notification_services.acknowledge(message=message, by=visit.by)
        return done(request, _("The school knows that you have read it."), "family:notices")
    found = _inbox(visit).filter(sourced_id=message).first()
    if found is None:
        raise Http404
    if visit.by == visit.viewer:
        found = notification_services.read_message(message=message, by=visit.by)
    return render(request, "family/notice.html", {"notice": found}, title=found.subject)


@family_page(asks=ASKS)
def attachment(request: HttpRequest, visit: Visit, message: UUID) -> HttpResponse:
    """The file that goes with one."""
    if not _inbox(visit).filter(sourced_id=message).exists():
        raise Http404
    return file_response(*notification_services.attachment_in(message, by=visit.by))


@family_page(asks=ASKS, methods="GET HEAD POST")
def preferences(request: HttpRequest, visit: Visit) -> HttpResponse:
    """By which channels a guardian is told, in general and of each child. The inbox has everything."""
    wanted = notifications.preferences_of(visit.by)
    if not wanted:
        raise Http404
    if request.method == "POST":
        for each in wanted:
            for channel, said in each.channels.items():
                chosen = CHOICES.get(request.POST.get(_field(each, channel), ""))
                if chosen != said:
                    student = each.student.sourced_id if each.student else None
                    notification_services.set_preference(channel=channel, wanted=chosen, student=student, by=visit.by)
        return done(request, _("Saved."), "family:preferences")
    rows = [
        (each.student, [(CHANNELS[channel], _field(each, channel), said) for channel, said in each.channels.items()])
        for each in wanted
    ]
    return render(request, "family/preferences.html", {"rows": rows}, title=_("How you are told"))


CHOICES: dict[str, bool | None] = {"yes": True, "no": False}
CHANNELS: dict[str, Any] = {Channel.EMAIL: gettext_lazy("E-mail"), Channel.SMS: gettext_lazy("SMS")}


def _field(wanted: notifications.Wanted, channel: str) -> str:
    return f"{wanted.student.pk if wanted.student else 'all'}-{channel}"
