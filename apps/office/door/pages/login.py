"""Logging in and out, over a session in the school's own schema; operators outside all schools by the same pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.crypto import constant_time_compare
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
from apps.accounts.errors import CodeRefused, CodeRequired, CodeWrong
from apps.accounts.models import TokenFamily, User
from apps.office.shell.navigation import home_of
from apps.office.shell.site import (
    View,
    actor,
    frame_of,
    in_full,
    message_of,
    readable,
    somebody,
    told_to_wait,
)
from schoolops import clock
from schoolops.context import school_or_none
from schoolops.errors import SchoolOpsError, Throttled, Unauthenticated, Unavailable
from schoolops.queues.admin import operators
from schoolops.ratelimit.addresses import address_of
from schoolops.resilience.appointments import COOKIE as APPOINTMENT_COOKIE

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


class TwiceForm(forms.Form):
    """A password to be, twice."""

    password = forms.CharField(
        label=gettext_lazy("New password"),
        strip=False,
        max_length=services.LONGEST_PASSWORD,
        help_text=gettext_lazy("Ten characters or more: three words that nobody would say together do well."),
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=gettext_lazy("Once more"),
        strip=False,
        max_length=services.LONGEST_PASSWORD,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if said.get("password") != said.get("again"):
            self.add_error("again", _("The two are not the same."))
        return said


class PasswordForm(TwiceForm):
    """The same, by a link: it carries its secret behind the #, which no server sees.

    A script puts it here; without one whoever reads the page pastes the link.
    """

    token = forms.CharField(max_length=500, widget=forms.HiddenInput)

    def clean_token(self) -> str:
        """The secret of a link, or the secret itself."""
        return str(self.cleaned_data["token"]).rpartition("#")[2].strip()


class ChangeForm(TwiceForm):
    """The same, by whoever knows the present one."""

    present = forms.CharField(
        label=gettext_lazy("Present password"),
        strip=False,
        max_length=4096,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password"}),
    )
    field_order = ("present", "password", "again")


class LoginNameForm(forms.Form):
    """Whose password was forgotten."""

    login = LoginForm.base_fields["login"]


class CodeForm(forms.Form):
    """What the authenticator app shows."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=10,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "dir": "ltr", "autofocus": True}
        ),
    )


def at_the_door(view: View) -> View:
    """A form for whoever is not in yet: nobody keeps it, no other site sends it, and what is refused can be read."""
    return csrf_protect(never_cache(require_http_methods(["GET", "HEAD", "POST"])(readable(view))))


# How long somebody whose password was right may take to set up their second factor.
SETUP_S = 15 * 60
_WHO_SETS_UP = "office.sets-up"


def _address(name: str) -> str:
    return reverse(f"office:{name}" if school_or_none() is not None else f"operators-{name}")


def _home(user: User) -> str:
    return home_of(user) if school_or_none() is not None else reverse("operators:index")


def _may_come_in(user: User) -> bool:
    return school_or_none() is None or access.is_staff(user) or access.is_family(user)


def _is_in(request: HttpRequest) -> bool:
    if school_or_none() is None:
        return operators.has_permission(request)
    user = somebody(request)
    return isinstance(user, User) and _may_come_in(user)


def _destination(request: HttpRequest, user: User) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    here = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    # A family that came by the office's address is sent to its own pages.
    theirs = school_or_none() is None or access.is_staff(user) or wanted.startswith(_home(user))
    return wanted if here and theirs else _home(user)


def _refuse(form: forms.Form, error: SchoolOpsError) -> None:
    field = "code" if isinstance(error, CodeRequired | CodeRefused | CodeWrong) else None
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
        form.add_error(field, in_full(error))
    if isinstance(error, Throttled | Unavailable):
        form.comes_again = error  # type: ignore[attr-defined]


def door_page(request: HttpRequest, template: str, form: forms.Form | None, *, title: str, **more: Any) -> HttpResponse:
    """A page before the door; with a form that was refused, and for how long where waiting helps."""
    context = {**frame_of(request), "title": title, "form": form, **more}
    if (later := getattr(form, "comes_again", None)) is not None:
        # A refusal that helps only when it says how long: to a script by the header, to a person by the words.
        return told_to_wait(TemplateResponse(request, template, context), later)
    refused = form is not None and form.is_bound
    return TemplateResponse(request, template, context, status=422 if refused else 200)


def _where(request: HttpRequest) -> dict[str, str]:
    """From which address and which device somebody proves who they are."""
    return {"address": address_of(request), "device": request.COOKIES.get(services.DEVICE_COOKIE, "")}


def _let_in(request: HttpRequest, form: LoginForm) -> HttpResponse | None:
    """Where they go on who prove who they are; ``None``: they do not come in, and the form says why."""
    said: dict[str, Any] = form.cleaned_data
    try:
        with services.logging_in():
            user = services.prove_identity(
                login=said["login"],
                password=said["password"],
                code=said["code"],
                appointment=request.COOKIES.get(APPOINTMENT_COOKIE, ""),
                **_where(request),
            )
            return _begun(request, form, user)
    except (Unauthenticated, Throttled, Unavailable) as error:
        _refuse(form, error)
        return None


def _begun(request: HttpRequest, form: LoginForm, user: User) -> HttpResponse | None:
    missing = services.missing_setup(user)
    if not _may_come_in(user):
        form.add_error(None, _("This login has no role at the school by now: call the office."))
    elif missing == "totp":
        request.session.cycle_key()
        request.session[_WHO_SETS_UP] = [user.pk, user.get_session_auth_hash(), clock.now().timestamp()]
        return HttpResponseRedirect(_address("second-factor"))
    elif missing:
        form.add_error(None, _("This login needs a new password: ask the office for a link."))
    else:
        login(request, user, backend=BACKEND)
        inside = HttpResponseRedirect(_destination(request, user))
        services.remember_device_on(inside, user=user, secure=request.is_secure())
        return inside
    return None


@sensitive_post_parameters("password", "code")
@at_the_door
def log_in(request: HttpRequest) -> HttpResponse:
    """The login page. Waits after failures, and says the same whatever was wrong, as the API does."""
    if _is_in(request):
        return HttpResponseRedirect(_destination(request, actor(request)))
    form = LoginForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and (goes_on := _let_in(request, form)) is not None:
        return goes_on
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    forgotten = _address("forgotten")
    return door_page(request, "office/door/login.html", form, title=_("Log in"), next=wanted, forgotten=forgotten)


@csrf_protect
@never_cache
@require_POST
@readable
def log_out(request: HttpRequest) -> HttpResponse:
    """End this session."""
    logout(request)
    return HttpResponseRedirect(_address("login") if school_or_none() is not None else reverse("operators:login"))


# --- setting up what is missing ---------------------------------------------------------------------------------------
def _who_sets_up(request: HttpRequest) -> User | None:
    """Whose password was right a moment ago, and who now sets up a second factor."""
    kept = request.session.get(_WHO_SETS_UP)
    if not kept or clock.now().timestamp() - kept[2] > SETUP_S:
        return None
    user = User.objects.filter(pk=kept[0]).first()
    # What ends sessions ends this too: a new password, logging out everywhere, leaving.
    if user is None or not user.may_log_in(clock.now()):
        return None
    return user if constant_time_compare(kept[1], user.get_session_auth_hash()) else None


@at_the_door
def second_factor(request: HttpRequest) -> HttpResponse:
    """Set up an authenticator app: the QR code, then the code it shows, then recovery codes, shown this once."""
    user = _who_sets_up(request)
    if user is None:
        return HttpResponseRedirect(_address("login") if school_or_none() is not None else reverse("operators:login"))
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            codes = _confirmed(user, form.cleaned_data["code"])
        except SchoolOpsError as error:
            _refuse(form, error)
        else:
            request.session.pop(_WHO_SETS_UP, None)
            request.session.pop("office.qr", None)
            # As it was written above: read anew, it could be what somebody else has set since.
            login(request, user, backend=BACKEND)
            title = _("Your recovery codes")
            return door_page(
                request, "office/door/recovery_codes.html", None, title=title, codes=codes, home=_home(user)
            )
        # The same key again: a typing error must not make people scan anew.
        return door_page(
            request,
            "office/door/second_factor.html",
            form,
            title=_("A second factor"),
            made=request.session.get("office.qr"),
        )
    made = services.begin_second_factor(by=user)
    request.session["office.qr"] = {"qr": made.qr, "secret": made.secret}
    return door_page(
        request, "office/door/second_factor.html", form, title=_("A second factor"), made=request.session["office.qr"]
    )


def _with_a_login(user: User, do: Callable[[TokenFamily], Any]) -> Any:
    """``do`` with a short login of ``user``: services keep the one that asks and end all others. It ends afterwards."""
    issued = services.open_login(user, label="office")
    _same, family = services.authenticate_token(issued.access_token)
    try:
        return do(family)
    finally:
        services.log_out(family=family, by=user)


def _confirmed(user: User, code: str) -> list[str]:
    codes: list[str] = _with_a_login(
        user, lambda family: services.confirm_second_factor(code=code, family=family, by=user)
    )
    return codes


# --- passwords --------------------------------------------------------------------------------------------------------
@sensitive_post_parameters("password", "again", "token")
@at_the_door
def redeem(request: HttpRequest) -> HttpResponse:
    """Where the link of an invitation or of a forgotten password leads: choose a password."""
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.redeem_link(token=form.cleaned_data["token"], password=form.cleaned_data["password"])
        except SchoolOpsError as error:
            for each in error.errors:
                form.add_error("password", message_of(each))
            if not error.errors:
                _refuse(form, error)
        else:
            logout(request)
            messages.success(request, _("Your password is set. Log in with it."))
            return HttpResponseRedirect(frame_of(request)["login_address"])
    return door_page(request, "office/door/redeem.html", form, title=_("Choose a password"))


@sensitive_post_parameters("present", "password", "again")
@at_the_door
def change_password(request: HttpRequest) -> HttpResponse:
    """Change one's own password: every other login of mine ends, this one stays."""
    if not _is_in(request):
        return HttpResponseRedirect(frame_of(request)["login_address"])
    user = actor(request)
    form = ChangeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            _with_a_login(
                user,
                lambda family: services.change_password(
                    password=form.cleaned_data["present"],
                    new_password=form.cleaned_data["password"],
                    family=family,
                    by=user,
                    **_where(request),
                ),
            )
        except SchoolOpsError as error:
            for each in error.errors:
                form.add_error({"new_password": "password", "password": "present"}.get(each.field), message_of(each))
            if not error.errors:
                _refuse(form, error)
        else:
            login(request, user, backend=BACKEND)
            messages.success(request, _("Your password is changed. Every other login of yours has ended."))
            home = HttpResponseRedirect(_home(user))
            services.remember_device_on(home, user=user, secure=request.is_secure())
            return home
    return door_page(request, "office/door/change_password.html", form, title=_("Change my password"), home=_home(user))


@at_the_door
def forgotten(request: HttpRequest) -> HttpResponse:
    """Ask for a link by e-mail. Says the same whether the login exists or not."""
    form = LoginNameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.forget_password(login=form.cleaned_data["login"], address=address_of(request))
        except Throttled as error:
            _refuse(form, error)
        else:
            sent = _("If this login exists and has an e-mail address, a link is on its way to it.")
            messages.success(request, sent)
            return HttpResponseRedirect(frame_of(request)["login_address"])
    return door_page(request, "office/door/forgotten.html", form, title=_("A new password"))
