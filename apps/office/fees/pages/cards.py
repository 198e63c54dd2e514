"""Which card gateway takes payments for the school, with which keys, and whether it answers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from apps.fees import selectors as fees
from apps.fees import services
from apps.office.shell.fields import about, posted
from apps.office.shell.forms import DressedForm, add_refusal
from apps.office.shell.pages import actor, office_page, render_page
from apps.office.shell.site import in_full
from schoolops.errors import SchoolOpsError
from schoolops.resilience.heavy import heavy

SET = "fees.set_gateway"
# As they call themselves.
NAMES = {"stripe": "Stripe", "sandbox": gettext_lazy("Sandbox, where no money moves")}


def _secret(label: Any, help_text: Any) -> forms.CharField:
    """Written, and never shown again."""
    field = forms.CharField(label=label, max_length=255, required=False, strip=True, help_text=help_text)
    field.widget = forms.PasswordInput(attrs={"autocomplete": "off", "dir": "ltr", "spellcheck": "false"})
    return field


class GatewayForm(DressedForm):
    """Which one, and its keys; no address is asked for: where a gateway stands is the installation's."""

    gateway = forms.ChoiceField(label=gettext_lazy("Card gateway"))
    secret = _secret(
        gettext_lazy("Secret key"), gettext_lazy("Empty: as it is. It is kept sealed, and not shown again.")
    )
    signing = _secret(
        gettext_lazy("Signing secret"),
        gettext_lazy("With which the gateway signs what it writes. Empty: as it is."),
    )
    taking = forms.BooleanField(label=gettext_lazy("Families pay by card"), required=False)

    def __init__(self, offered: list[str], *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        field: Any = self.fields["gateway"]
        field.choices = [(name, NAMES.get(name, name)) for name in offered]


@office_page(permission=SET, over="school")
def gateway(request: HttpRequest) -> HttpResponse:
    """Choose the card gateway and enter its keys; the addresses that it is to write to."""
    by = actor(request)
    said = fees.card_gateway(by=by)
    initial = {"gateway": said["gateway"], "taking": said["taking"] or not said["gateway"]}
    form = GatewayForm(said["offered"], posted(request), initial=initial)
    if form.is_valid():
        try:
            services.set_card_gateway(**form.cleaned_data, by=by)
        except SchoolOpsError as refusal:
            add_refusal(form, refusal)
        else:
            chosen = form.cleaned_data["gateway"]
            messages.success(request, about(NAMES.get(chosen, chosen), _("“%(name)s” is saved. Try it now.")))
            return HttpResponseRedirect(request.path)
    context = {
        "form": form,
        "said": said,
        "name": NAMES.get(said["gateway"], said["gateway"]),
        "events_url": request.build_absolute_uri(services.EVENTS),
        "earlier": [(row, NAMES.get(row.name, row.name)) for row in fees.earlier_gateways(by=by)],
    }
    status = 422 if form.errors else 200
    return render_page(request, "office/fees/cards.html", context, title=_("Card payments"), status=status)


def _used(request: HttpRequest) -> str:
    """What the gateway is called that is used."""
    used = str(fees.card_gateway(by=actor(request))["gateway"])
    return str(NAMES.get(used, used))


@require_POST
@office_page(permission=SET, over="school")
@heavy
def try_out(request: HttpRequest) -> HttpResponse:
    """Ask the gateway something that moves nothing, and say what it answers."""
    try:
        signs = services.try_card_gateway(by=actor(request))
    except SchoolOpsError as refusal:
        messages.error(request, in_full(refusal))
    else:
        messages.success(request, about(_used(request), _("“%(name)s” answers and knows the key.")))
        if not signs:
            words = _(
                "No signing secret is entered: what it writes is not believed, and payments are booked a little later."
            )
            messages.warning(request, words)
    return HttpResponseRedirect(reverse("office:card-gateway"))


@require_POST
@office_page(permission=SET, over="school")
def forget(request: HttpRequest) -> HttpResponse:
    """Ask an earlier gateway no more."""
    name = request.POST.get("gateway", "")
    try:
        services.forget_card_gateway(gateway=name, by=actor(request))
    except SchoolOpsError as refusal:
        messages.error(request, in_full(refusal))
    else:
        messages.success(request, about(NAMES.get(name, name), _("“%(name)s” is forgotten.")))
    return HttpResponseRedirect(reverse("office:card-gateway"))
