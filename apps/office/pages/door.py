"""Logging in and out of the office, over a session in the school's own schema."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from apps.access import services as access
from apps.accounts import services
from apps.accounts.errors import CodeRefused, CodeRequired
from apps.accounts.models import User
from apps.office.navigation import home_of
from apps.office.site import actor, may_enter, office, readable, remedy_of, words_of
from schoolops.errors import SchoolOpsError, Throttled, Unauthenticated, Unavailable
from schoolops.ratelimit.addresses import address_of

BACKEND = "apps.accounts.backends.LoginBackend"


class LoginForm(forms.Form):
    """Username or e-mail, password, and the code of a second factor where there is one."""

    login = forms.CharField(
        label=gettext_lazy("Username or e-mail"),
        max_length=254,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "username", "autofocus": True, "dir": "ltr"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        max_length=4096,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password"}),
    )
    code = forms.CharField(
        label=gettext_lazy("Code"),
        required=False,
        max_length=32,
        help_text=gettext_lazy("Only if you use an authenticator app: its six digits, or a recovery code."),
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "dir": "ltr"}
        ),
    )


def _destination(request: HttpRequest, user: User) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return wanted
    return home_of(user)


def _refuse(form: LoginForm, error: SchoolOpsError) -> None:
    field = "code" if isinstance(error, CodeRequired | CodeRefused) else None
    if isinstance(error, CodeRequired):
        form.add_error(field, _("This login has a second factor: enter its code, and your password once more."))
    elif isinstance(error, Throttled):
        wait = error.retry_after or 60
        form.add_error(
            None,
            ngettext("Too many attempts: wait %(s)d second.", "Too many attempts: wait %(s)d seconds.", wait)
            % {"s": wait},
        )
    else:
        form.add_error(field, f"{words_of(error)} {remedy_of(error)}".strip())


def _proved(request: HttpRequest, form: LoginForm) -> User | None:
    said: dict[str, Any] = form.cleaned_data
    try:
        return services.prove_identity(
            login=said["login"],
            password=said["password"],
            code=said["code"],
            address=address_of(request),
            device=request.COOKIES.get(services.DEVICE_COOKIE, ""),
        )
    except (Unauthenticated, Throttled, Unavailable) as error:
        _refuse(form, error)
        return None


@sensitive_post_parameters("password", "code")
@csrf_protect
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@readable
def log_in(request: HttpRequest) -> HttpResponse:
    """The login page. Waits after failures, and says the same whatever was wrong, as the API does."""
    if may_enter(request):
        return HttpResponseRedirect(_destination(request, actor(request)))
    form = LoginForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and (user := _proved(request, form)) is not None:
        if missing := services.missing_setup(user):
            form.add_error(
                None, _("This login is not finished: its %(missing)s has to be set up.") % {"missing": missing}
            )
        elif not access.is_staff(user):
            form.add_error(None, _("The office is for the staff of the school."))
        else:
            login(request, user, backend=BACKEND)
            inside = HttpResponseRedirect(_destination(request, user))
            services.remember_device_on(inside, login=form.cleaned_data["login"], secure=request.is_secure())
            return inside
    context = {
        **office.each_context(request),
        "title": _("Log in"),
        "form": form,
        "next": request.POST.get("next") or request.GET.get("next") or "",
    }
    status = 200 if request.method != "POST" else 422
    return TemplateResponse(request, "office/login.html", context, status=status)


@csrf_protect
@never_cache
@require_POST
@readable
def log_out(request: HttpRequest) -> HttpResponse:
    """End this session."""
    logout(request)
    return HttpResponseRedirect(reverse("office:login"))
