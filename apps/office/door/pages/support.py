"""Support in a browser: an operator who was let in comes through a link that is good once, and leaves by a button."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from apps.access import services as access
from apps.accounts import services
from apps.accounts.errors import LinkNotValid
from apps.office.door.pages.login import BACKEND, at_the_door, door_page
from apps.office.shell.navigation import home_of
from apps.office.shell.pages import actor, office_page
from apps.office.shell.site import words_of


class LinkForm(forms.Form):
    """The secret of the link: it stands behind the #, which no server sees; a script puts it here."""

    token = forms.CharField(max_length=200, widget=forms.HiddenInput)


@sensitive_post_parameters("token")
@at_the_door
def come_in(request: HttpRequest) -> HttpResponse:
    """Where the link of a grant leads. A press of a button uses it up: a program that looks at addresses does not."""
    form = LinkForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = services.come_in_as_support(token=form.cleaned_data["token"])
        except LinkNotValid as error:
            remedy = _("Let yourself in anew on the operators’ page of the school.")
            form.add_error(None, f"{words_of(error)} {remedy}")
        else:
            login(request, user, backend=BACKEND)
            return HttpResponseRedirect(home_of(user))
    return door_page(request, "office/door/support.html", form, title=_("Come in as support"))


@require_POST
@office_page()
def end(request: HttpRequest) -> HttpResponse:
    """Support leaves: the grant is over, and with it every login it gave."""
    access.end_own_support(by=actor(request))
    logout(request)
    messages.success(request, _("Support has ended. The school reads in its trail who was here."))
    return HttpResponseRedirect(reverse("office:login"))
