"""Letting somebody in: a login with its roles, and the link that opens it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.access import services as access
from apps.access.models import Role
from apps.institutions.models import Institution
from apps.office.access.admin.accounts import MANAGE, link_once
from apps.office.shell.acts import show_once
from apps.office.shell.forms import DressedForm, add_refusal
from apps.office.shell.pages import actor, office_page, render_page
from schoolops.errors import SchoolOpsError

REFUSALS = {
    "accounts:username-malformed": "username",
    "accounts:username-reserved": "username",
    "accounts:no-email": "email",
    "access:not-yours-to-give": "role",
}


class NewcomerForm(DressedForm):
    """Who, in which role, and how the link reaches them."""

    given_name = forms.CharField(label=gettext_lazy("Given name"), max_length=100)
    family_name = forms.CharField(label=gettext_lazy("Family name"), max_length=100, required=False)
    username = forms.CharField(
        label=gettext_lazy("Username"), max_length=150, help_text=gettext_lazy("Without spaces and without @.")
    )
    email = forms.EmailField(label=gettext_lazy("E-mail"), max_length=254, required=False)
    role = forms.ModelChoiceField(label=gettext_lazy("Role"), queryset=Role.objects.all())
    institution = forms.ModelChoiceField(
        label=gettext_lazy("At"),
        queryset=Institution.objects.all(),
        required=False,
        empty_label=gettext_lazy("the whole school"),
    )
    by_mail = forms.BooleanField(
        label=gettext_lazy("Send the link by e-mail"),
        required=False,
        help_text=gettext_lazy("Otherwise it is shown here, once, to be handed over."),
    )


def _let_in(said: dict[str, Any], by: Any) -> Any:
    institution = said["institution"]
    wanted = access.Wanted(said["role"].code, None if institution is None else institution.sourced_id)
    details = {name: said[name] for name in ("email", "given_name", "family_name")}
    return access.let_in(username=said["username"], roles=[wanted], by_mail=said["by_mail"], details=details, by=by)


@office_page(permission=MANAGE, over="login")
def let_in(request: HttpRequest) -> HttpResponse:
    """A new login; the link that opens it is shown once, or goes by e-mail."""
    form = NewcomerForm(request.POST or None)
    back = reverse("office:accounts_user_changelist")
    if request.method == "POST" and form.is_valid():
        try:
            user, handed = _let_in(form.cleaned_data, actor(request))
        except SchoolOpsError as error:
            add_refusal(form, error, on=REFUSALS)
        else:
            if handed is None:
                messages.success(request, _("The invitation is on its way to %(email)s.") % {"email": user.email})
                return HttpResponseRedirect(back)
            once = link_once(handed)
            return show_once(request, replace(once, facts={_("Username"): user.username, **once.facts}), back=back)
    context = {"form": form, "back": back}
    status = 422 if form.is_bound else 200
    return render_page(request, "office/access/let_in.html", context, title=_("Let somebody in"), status=status)
