"""What is sent: how it stands, holding and releasing, what is in doubt, and the latest messages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.notifications import selectors as notifications
from apps.notifications import services
from apps.notifications.models import Channel, Message
from apps.office.messages import selectors
from apps.office.shell.fields import about, posted, whole_number
from apps.office.shell.forms import DressedForm
from apps.office.shell.pages import actor, office_page, render_page
from apps.office.shell.site import in_full
from schoolops.errors import SchoolOpsError

PER_PAGE = 50
CHANNELS = {
    Channel.EMAIL: gettext_lazy("E-mail"),
    Channel.SMS: gettext_lazy("Text message"),
    Channel.INBOX: gettext_lazy("Inbox"),
}
State, Reason = Message.State, Message.Reason
STATES = {
    State.QUEUED: gettext_lazy("Waits"),
    State.DEFERRED: gettext_lazy("Deferred"),
    State.SENDING: gettext_lazy("Being sent"),
    State.SENT: gettext_lazy("Sent"),
    State.DELIVERED: gettext_lazy("Delivered"),
    State.BOUNCED: gettext_lazy("Bounced"),
    State.FAILED: gettext_lazy("Failed"),
    State.SUPPRESSED: gettext_lazy("Not sent"),
    State.OUTCOME_UNKNOWN: gettext_lazy("In doubt"),
}
REASONS = {
    Reason.NO_LONGER_SO: gettext_lazy("It was no longer so"),
    Reason.NO_ACCESS: gettext_lazy("They may not see it"),
    Reason.NOT_WANTED: gettext_lazy("They do not want it there"),
    Reason.NO_ADDRESS: gettext_lazy("No address"),
    Reason.ADDRESS_BOUNCED: gettext_lazy("The address bounced"),
    Reason.SWITCHED_OFF: gettext_lazy("Switched off"),
    Reason.DISCARDED: gettext_lazy("Discarded"),
    Reason.QUIET_HOURS: gettext_lazy("Quiet hours"),
    Reason.DAILY_LIMIT: gettext_lazy("The day’s limit"),
    Reason.OUTAGE: gettext_lazy("The provider was away"),
}


class HoldForm(DressedForm):
    """Why everything outgoing is held."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)


def _done(request: HttpRequest) -> str:
    """Do what a button says; the sentence for it."""
    by, act = actor(request), request.POST.get("act", "")
    match act:
        case "release" | "discard":
            number = services.release(discard=act == "discard", by=by)
            if act == "discard":
                return ngettext("%d message is discarded.", "%d messages are discarded.", number) % number
            return ngettext("%d message is released.", "%d messages are released.", number) % number
        case "sent" | "again":
            found = services.resolve(message=UUID(request.POST.get("message", "")), sent=act == "sent", by=by)
            if act == "sent":
                return about(found, _("What became of “%(name)s” is noted."))
            return about(found, _("“%(name)s” is sent again."))
        case "clear":
            address = request.POST.get("address", "")
            services.clear_address(address=address, by=by)
            return about(address, _("%(name)s is written to again."))
        case _:
            raise ValueError(act)


@office_page(permission="messages.view", over="campus")
def sent(request: HttpRequest) -> HttpResponse:
    """How it stands, and the latest messages."""
    by = actor(request)
    form, refusal = None, ""
    if request.method == "POST":
        form = HoldForm(posted(request)) if request.POST.get("act") == "hold" else None
        try:
            if form is None:
                messages.success(request, _done(request))
            elif form.is_valid():
                services.hold(reason=form.cleaned_data["reason"], by=by)
                messages.success(request, _("Everything outgoing is held."))
            if form is None or form.is_valid():
                return HttpResponseRedirect(request.get_full_path())
        except ValueError:
            return HttpResponseRedirect(request.path)
        except SchoolOpsError as error:
            if not error.code.startswith("notifications:"):
                raise
            refusal = in_full(error)
    asked = request.GET.get("state", "")
    rows = notifications.messages_seen(by=by)
    page = Paginator(selectors.latest(rows, asked), PER_PAGE).get_page(whole_number(request.GET.get("page", "")) or 1)
    standing = notifications.standing(by=by)
    facts = services.facts()
    context: dict[str, Any] = {
        "held": services.outgoing(),
        "form": form or HoldForm(),
        "notice": refusal,
        "configures": selectors.may("messages.configure", by),
        "waiting": [
            (CHANNELS[Channel(channel)], number) for channel, number in sorted(notifications.waiting(by=by).items())
        ],
        "standing": standing,
        "bounced": rows.filter(bounced_at__isnull=False).order_by("-bounced_at")[:20],
        "states": [(state.value, STATES[state]) for state in State],
        "asked": asked,
        "page": page,
        "rows": [
            (
                row,
                _(facts[row.fact].name) if row.fact in facts else row.fact,
                CHANNELS[Channel(row.channel)],
                STATES[State(row.state)],
                REASONS[Reason(row.reason)] if row.reason else "",
            )
            for row in page
        ],
    }
    status = 409 if refusal else 422 if form is not None and form.errors else 200
    return render_page(request, "office/messages/sent.html", context, title=_("Messages"), status=status)
