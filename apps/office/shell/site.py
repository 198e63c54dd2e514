"""The school's admin site: whom it lets in, how it looks at this school, and how it refuses."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Mapping
from functools import partial, wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

from django.apps import apps
from django.contrib import messages
from django.contrib.admin.sites import AdminSite
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from unfold.sites import UnfoldAdminSite

from apps.access import services as access
from apps.access.permissions import PERMISSIONS
from apps.access.selectors import permissions_of
from apps.accounts.models import User
from apps.attendance.services.codes import FIRST_CODES
from apps.institutions import selectors as institutions
from apps.office.shell import drafts, navigation, palette, typed
from apps.office.shell.rooms import rooms
from schoolops import events, problem
from schoolops.context import school_or_none, user_id
from schoolops.errors import FieldError, Forbidden, NotFound, SchoolOpsError, Unavailable, filled
from schoolops.queues.admin import operators
from schoolops.resilience.patience import short_statements

if TYPE_CHECKING:
    from django.contrib.admin.sites import AdminSite as _Site
else:
    _Site = UnfoldAdminSite

log = logging.getLogger(__name__)
# The cookie with the page that a write led to, until the browser is there.
LED_TO = "led_to"
# Words of ours that stand in other sentences: why a day is no school day, why a roll is locked, what the first codes
# are called.
FACTS = frozenset(
    (
        *(each.name for each in FIRST_CODES),
        gettext_noop("weekend"),
        gettext_noop("holiday"),
        gettext_noop("closure"),
        gettext_noop("no-year"),
        gettext_noop("its edit window is over"),
        gettext_noop("the time for which it was re-opened is over"),
        # Where exams, their cards, marks and moderations stand.
        gettext_noop("draft"),
        gettext_noop("scheduled"),
        gettext_noop("held"),
        gettext_noop("marking"),
        gettext_noop("moderation"),
        gettext_noop("published"),
        gettext_noop("cancelled"),
        gettext_noop("cancelled (with a reason)"),
        gettext_noop("proof-read"),
        gettext_noop("entered"),
        gettext_noop("absent"),
        gettext_noop("exempt"),
        gettext_noop("malpractice"),
        gettext_noop("not-entered"),
        gettext_noop("proposed"),
        gettext_noop("applied"),
        gettext_noop("reverted"),
        gettext_noop("withdrawn"),
        gettext_noop("received"),
        gettext_noop("validated"),
        gettext_noop("applying"),
        gettext_noop("failed"),
    )
)
# A permission is called in a refusal as it is called in the roles editor, not by its code.
_SENTENCES = {permission.code: permission.sentence for permission in PERMISSIONS}
# What a list says that is stopped; the platform's own words, which no app declares.
STOPPED = (
    gettext_noop("Looking for this would take longer than a list may take."),
    gettext_noop("Look for more letters or whole words, or set a filter first."),
)
View = Callable[..., HttpResponse]
# Alpine, which moves the sidebar and the menus, evaluates what stands in attributes.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)


def actor(request: HttpRequest) -> User:
    """Who asks. Behind a door of the office there is always somebody."""
    return cast(User, somebody(request))


def somebody(request: HttpRequest) -> User | AnonymousUser:
    """Who asks, where it may also be a stranger."""
    user: Any = request.user
    # Django's is a proxy until it is asked. Services get the person, who remembers their roles for this request.
    return cast(User | AnonymousUser, getattr(user, "_wrapped", user) if user.is_authenticated else user)


def may_enter(request: HttpRequest) -> bool:
    """Whether who asks has a role of staff at this school: guardians and students have pages of their own."""
    user = somebody(request)
    return isinstance(user, User) and school_or_none() is not None and access.is_staff(user)


def words_of(error: SchoolOpsError) -> str:
    """What ``error`` says, in the reader's language where that has the sentence."""
    return translated(error.said, error.facts)


def message_of(error: FieldError) -> str:
    """The same of one field."""
    return translated(error.said, error.facts)


def translated(sentence: str, facts: Mapping[str, Any]) -> str:
    """``sentence`` in the reader's language, with ``facts`` in its braces as they are written there."""
    return filled(_(sentence), {name: _said(value) for name, value in facts.items()})


def _said(fact: Any) -> Any:
    """A fact in a sentence: days as they are written here, and the few words of ours that are facts themselves."""
    if isinstance(fact, dt.date) and not isinstance(fact, dt.datetime):
        return date_format(fact)
    if isinstance(fact, str) and fact in _SENTENCES:
        return f"“{_(_SENTENCES[fact])}”"
    # One of these words, or several: what a session can become.
    words = fact.split(", ") if isinstance(fact, str) else []
    return ", ".join(_(word) for word in words) if words and FACTS.issuperset(words) else fact


def remedy_of(error: SchoolOpsError) -> str:
    """What a person can do about ``error``; empty, where nobody knows."""
    return remedy_in_words(error.remedy, error.facts)


def remedy_in_words(remedy: str | None, facts: Mapping[str, Any]) -> str:
    """The same of a refusal that was kept."""
    return filled(_(remedy), facts) if remedy else ""


def in_full(error: SchoolOpsError) -> str:
    """What ``error`` says, and what a person can do about it."""
    return f"{words_of(error)} {remedy_of(error)}".strip()


def with_headers(response: HttpResponse) -> HttpResponse:
    """Render, and say what the page may load."""
    if isinstance(response, TemplateResponse) and not response.is_rendered:
        response.render()
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    response.headers.setdefault("Referrer-Policy", "same-origin")
    return response


def frame_of(request: HttpRequest) -> dict[str, Any]:
    """What a page's frame needs: the office's inside a school, the operators' outside all of them."""
    site = office if school_or_none() is not None else operators
    return {**site.each_context(request), "login_address": reverse(f"{site.name}:login")}


def refused(request: HttpRequest, *, status: int, title: str, detail: str, remedy: str = "") -> HttpResponse:
    """A readable page that says no: inside the office's frame for who may enter, bare for who may not."""
    inside = may_enter(request)
    context = {**frame_of(request), "title": title, "detail": detail, "remedy": remedy, "inside": inside}
    user = somebody(request)
    if isinstance(user, User) and school_or_none() is not None and access.is_family(user):
        context["family"] = reverse(navigation.FAMILY)
    template = "office/shell/refused.html" if inside else "office/shell/refused_outside.html"
    return with_headers(TemplateResponse(request, template, context, status=status))


def told_to_wait(page: HttpResponse, error: SchoolOpsError) -> HttpResponse:
    """``page`` with the status of ``error`` and, where waiting helps, for how long."""
    page.status_code = problem.status_of(error)[0]
    if error.retry_after is not None:
        page.headers["Retry-After"] = str(error.retry_after)
    # A refusal that we chose is counted where it is made; Django would log it as a failure of ours.
    problem.with_cookies(page, error)
    page._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001 - Django's mark
    return page


def readable(view: View) -> View:
    """``view``, whose refusals become pages instead of problem documents."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        request.current_app = office.name if school_or_none() is not None else operators.name
        # The clock that the view finds out about is this page's, and not the next request's.
        with timezone.override(None):
            try:
                return with_headers(view(request, *args, **kwargs))
            except (SchoolOpsError, PermissionDenied, Http404) as error:
                return _told_elsewhere(request, error) or _refusal(request, error)

    return inner


def _refusal(request: HttpRequest, error: SchoolOpsError | PermissionDenied | Http404) -> HttpResponse:
    if isinstance(error, PermissionDenied):
        detail = _("Your role does not open this page.")
        return refused(request, status=403, title=_("Not allowed"), detail=detail)
    if isinstance(error, Http404):
        detail = _("There is no such page, or it is not yours to see.")
        return refused(request, status=404, title=_("Not found"), detail=detail)
    status, title = problem.status_of(error)
    if status >= 500 and not isinstance(error, Unavailable):
        raise error
    said = refused(request, status=status, title=_(title), detail=words_of(error), remedy=remedy_of(error))
    return told_to_wait(said, error)


def _told_elsewhere(request: HttpRequest, error: Exception) -> HttpResponse | None:
    """The start, where a write led to a page that whoever wrote may not read, and nobody has told them yet of it."""
    # Neither by permission nor by row need a role read what it writes; which row it is only its page asks.
    not_theirs = isinstance(error, (Forbidden, NotFound, PermissionDenied, Http404))
    led_here = request.method == "GET" and unquote(request.COOKIES.get(LED_TO, "")) == request.get_full_path()
    if not_theirs and led_here and may_enter(request) and len(messages.get_messages(request)):
        start = reverse("office:index")
        return HttpResponseRedirect(start) if request.path != start else None
    return None


def _remember_where_it_led(request: HttpRequest, answer: HttpResponse) -> None:
    """For the moment until the browser is there: no other page that is refused has to do with what was written."""
    if answer.status_code == HTTPStatus.FOUND and len(messages.get_messages(request)):
        kept: dict[str, Any] = {"max_age": 60, "path": "/office/", "httponly": True, "samesite": "Lax"}
        answer.set_cookie(LED_TO, quote(answer["Location"]), secure=request.is_secure(), **kept)


def _note_who_asks(request: HttpRequest) -> None:
    """For the log, and for jobs that the request brings: whoever asked may follow them."""
    user_id.set(actor(request).audit_id)
    # A view in a thread of its own leaves the ContextVar behind; the line of the log is written outside it.
    request.audited_user_id = actor(request).audit_id  # type: ignore[attr-defined]


def behind_the_door(view: View) -> View:
    """``view`` for who may enter; others are sent to the login, or told that this is not for them."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if may_enter(request):
            _note_who_asks(request)
            timezone.activate(ZoneInfo(institutions.school_timezone()))
            if drafts.HEADER in request.headers:
                return drafts.answer(request, actor(request))
            with events.following():
                answer = _with_what_was_typed(request, lambda: view(request, *args, **kwargs))
                _say_what_followed(request, answer)
            if request.method == "POST":
                _remember_where_it_led(request, answer)
            return answer
        if request.user.is_authenticated:
            detail = _("The office is for the staff of the school.")
            return refused(request, status=403, title=_("Not allowed"), detail=detail)
        address = reverse("office:login")
        return HttpResponseRedirect(f"{address}?{urlencode({'next': typed.keep(request)})}")

    return never_cache(readable(inner))


def _with_what_was_typed(request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
    """The view's page, filled in with what its form had sent when nobody was logged in any more."""
    key = typed.key_in(request)
    if request.method == "POST":
        answer = view()
        if answer.status_code in {HTTPStatus.FOUND, HTTPStatus.SEE_OTHER, HTTPStatus.NO_CONTENT}:
            if key:
                typed.forget(key)
            drafts.saved(request, actor(request))
        return answer
    if not key:
        return view()
    found = typed.kept(key, actor(request))
    if found is not None:
        if found.at:
            words = _("What you typed at %(at)s is here again, and not saved yet.") % {"at": found.at}
        else:
            words = _("You had been logged out. What you typed is here again, and not saved yet.")
        messages.warning(request, words)
        if found.files:
            messages.warning(request, _("Choose the file once more: a page cannot keep it."))
    answer = with_headers(view())
    if found is not None and answer.headers.get("Content-Type", "").startswith("text/html"):
        page = answer.content.decode()
        named = partial(_name_of_a_row, request)
        answer.content = typed.filled_in(page, found, at=request.path, names=named).encode()
    return answer


def _name_of_a_row(request: HttpRequest, has: Mapping[str, str], key: str) -> str:
    """What a row is called that a list of Django's searches for; empty, where whoever asks could not choose it."""
    try:
        model = apps.get_model(has["data-app-label"], has["data-model-name"])
        related: Any = model._meta.get_field(has["data-field-name"]).remote_field
        rows = office.rows_of(related.model, request)
        row = rows.filter(pk=int(key)).first() if rows is not None else None
    except (LookupError, ValueError, FieldDoesNotExist):
        return ""
    return "" if row is None else str(row)


def _say_what_followed(request: HttpRequest, answer: HttpResponse) -> None:
    """What a write touched besides, on the page that comes next."""
    for each in events.followed() if answer.status_code == HTTPStatus.FOUND else ():
        for room in rooms():
            if each.what in room.followed:
                messages.info(request, room.followed[each.what](each.number))


def support_here(request: HttpRequest) -> dict[str, Any] | None:
    """Who is here as support and until when, for the banner on every page; ``None`` for the school's own people."""
    by = somebody(request)
    if not isinstance(by, User) or not by.is_support:
        return None
    writes = [code for code in permissions_of(by) if not code.partition(".")[2].startswith(("view", "read"))]
    return {"name": str(by), "until": by.access_until, "reads_only": not writes}


class OfficeSite(_Site):
    """Served at ``/office/`` of every school, and never outside one."""

    _looks: dict[str, Any] | None = None

    def has_permission(self, request: HttpRequest) -> bool:
        return may_enter(request)

    def admin_of(self, model: type[Model]) -> Any:
        """The model admin of ``model`` here, or ``None``."""
        return self._registry.get(model)

    def admin_called(self, label: str) -> Any:
        """The same by the model's label, ``students.Student``."""
        return next((found for model, found in self._registry.items() if model._meta.label == label), None)

    def rows_of(self, model: type[Model], request: HttpRequest) -> QuerySet[Any] | None:
        """The rows of ``model`` that whoever asks may open here; ``None``, where it has no admin."""
        found = self._registry.get(model)
        return None if found is None else found.get_queryset(request)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002 - Django's
        return behind_the_door(super().admin_view(view, cacheable))

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        with short_statements():
            found: HttpResponse = super().autocomplete_view(request)
            return found

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """Django's, made when somebody looks at it: our pages show the menu in its place."""
        return SimpleLazyObject(lambda: super(OfficeSite, self).get_app_list(request, app_label))

    def _look(self, request: HttpRequest) -> dict[str, Any]:
        if self._looks is None:
            own = AdminSite.each_context(self, request)
            look: dict[str, Any] = super().each_context(request)
            self._looks = {name: value for name, value in look.items() if name not in own}
        return self._looks

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What every page needs: the school's name, logo and colour, and the navigation of whoever is here."""
        school = school_or_none()
        look = institutions.branding()
        inside = may_enter(request)
        # Django's, and of the theme's what the settings say: that is the same for everybody.
        context: dict[str, Any] = {**AdminSite.each_context(self, request), **self._look(request)}
        name = getattr(school, "name", "") or look.name
        return context | {
            "site_title": name,
            "site_header": name,
            "site_subheader": look.name if look.name != name else "",
            "site_url": None,
            "site_icon": look.logo_address or None,
            "colors": {**(context.get("colors") or {}), "primary": palette.shades_of(look.colour)},
            "sidebar_navigation": [True] if inside else [],
            "menu": navigation.menu(request, actor(request)) if inside else "",
            "sidebar_show_search": inside,
            "find_address": reverse("office:find"),
            "support": support_here(request) if inside else None,
        }


office = OfficeSite(name="office")
