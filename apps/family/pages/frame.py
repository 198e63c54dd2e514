"""What every page of the family stands in: who asks and of which child, what the page may load, and how it refuses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.access import services as access
from apps.access.errors import OutOfReach, PermissionMissing
from apps.access.permissions import GUARDIAN
from apps.access.selectors import permissions_everywhere, roles_held
from apps.accounts.models import User
from apps.family import selectors, services
from apps.family.errors import OnlyLooking
from apps.family.pages.words import address_of, tiles
from apps.family.selectors import Child
from apps.institutions import selectors as institutions
from apps.students.models import FamilyItem
from schoolops import problem
from schoolops.context import school_or_none, user_id
from schoolops.errors import FieldError, NotFound, SchoolOpsError, Unavailable, filled

View = Callable[..., HttpResponse]
# Nothing but our own styles and pictures: no script runs here, whatever somebody manages to write into a name.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Visit:
    """Whose pages they are, of which children; and who looks at them, where that is somebody else of the office."""

    by: User
    children: list[Child]
    viewer: User

    def child(self, wanted: UUID, item: str = "") -> Child:
        """The child of this public id of whom ``item`` is open. Raises ``Http404``."""
        for each in self.children:
            if each.student.sourced_id == wanted and (not item or item in each.items):
                return each
        raise Http404


def family_page(
    *, item: str = "", asks: str = "", methods: str = "GET HEAD", staff: bool = False
) -> Callable[[View], View]:
    """A view for guardians and students, called with their ``Visit``; with an ``item``, and of which ``Child``.

    Strangers go to the login. What is not theirs, or not open, is not there. ``asks``: the permission and over what it
    is held, where no item says it. Who looks as a guardian changes nothing: ``staff`` is a page for them.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def inner(request: HttpRequest, child: UUID | None = None, **kwargs: Any) -> HttpResponse:
            visit = _visit(request, staff=staff)
            request.guardian_here = any(held.scope == GUARDIAN for held in roles_held(visit.by))  # type: ignore[attr-defined]
            request.seen_as = visit.by if visit.by != visit.viewer else None  # type: ignore[attr-defined]
            if request.method == "POST" and visit.by != visit.viewer and not staff:
                raise OnlyLooking
            if child is not None:
                kwargs["child"] = visit.child(child, item)
            return view(request, visit, **kwargs)

        behind: Any = never_cache(_readable(require_http_methods(methods.split())(inner)))
        behind.family_asks = asks or f"{selectors.PERMISSIONS[item]} over student"
        return behind  # type: ignore[no-any-return]

    return decorate


# Where a session keeps what lets somebody of the office look as a guardian.
AS = "family.as"


class _ToTheLogin(Exception):
    """Nobody is logged in."""


def _visit(request: HttpRequest, *, staff: bool) -> Visit:
    user: Any = request.user
    if not user.is_authenticated:
        raise _ToTheLogin
    # Django's is a proxy until it is asked. Services get the person, who remembers their roles for this request.
    by = cast(User, getattr(user, "_wrapped", user))
    looking = services.seen_as(request.session[AS], by=by) if AS in request.session and not staff else None
    if looking is None and not staff and not access.is_family(by):
        raise Http404
    user_id.set(by.audit_id)
    request.audited_user_id = by.audit_id  # type: ignore[attr-defined]
    timezone.activate(ZoneInfo(institutions.school_timezone()))
    if looking is not None:
        allowed = permissions_everywhere(by)
        children = [_as_staff_may(child, allowed) for child in selectors.children_of(looking.whose)]
        return Visit(looking.whose, children, by)
    return Visit(by, [] if staff else selectors.children_of(by), by)


# What whoever looks as a guardian must be allowed to see of the whole school anyway: nobody sees more by it.
STAFF: Mapping[str, str] = {
    FamilyItem.ATTENDANCE: "attendance.view",
    FamilyItem.TIMETABLE: "sections.view",
    FamilyItem.EXAMS: "exams.view",
    FamilyItem.MARKS: "marks.view",
    FamilyItem.CARDS: "marks.view",
    FamilyItem.BILLS: "fees.view",
    FamilyItem.LEAVE: "leave.decide",
    FamilyItem.TRAIL: "audit.view",
}


def _as_staff_may(child: Child, allowed: frozenset[str]) -> Child:
    return replace(child, items=frozenset(item for item in child.items if STAFF[item] in allowed))


def _readable(view: View) -> View:
    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with timezone.override(None):
            try:
                return with_headers(view(request, *args, **kwargs))
            except _ToTheLogin:
                address = reverse("office:login")
                return with_headers(HttpResponseRedirect(f"{address}?{urlencode({'next': request.get_full_path()})}"))
            except (Http404, NotFound, OutOfReach, PermissionMissing):
                detail = _("There is no such page, or it is not yours to see.")
                return with_headers(_refused(request, 404, _("Not found"), detail))
            except SchoolOpsError as error:
                status, title = problem.status_of(error)
                if status >= 500 and not isinstance(error, Unavailable):
                    raise
                page = _refused(request, status, _(title), in_full(error))
                if error.retry_after is not None:
                    page.headers["Retry-After"] = str(error.retry_after)
                return with_headers(page)

    return inner


def school_name() -> str:
    """What the school is called."""
    return getattr(school_or_none(), "name", "") or institutions.branding().name


def _refused(request: HttpRequest, status: int, title: str, detail: str) -> HttpResponse:
    return render(request, "family/refused.html", {"detail": detail}, title=title, status=status)


def with_headers(response: HttpResponse) -> HttpResponse:
    """Render, and say what the page may load."""
    if isinstance(response, TemplateResponse) and not response.is_rendered:
        response.render()
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def render(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    title: str,
    child: Child | None = None,
    status: int = 200,
) -> HttpResponse:
    """``template`` (it extends ``family/base.html``) in the frame of the family's pages."""
    frame = {
        "title": title,
        "school": school_name(),
        "logo": institutions.branding().logo_address,
        "child": child,
        "here": address_of("family:child", child.student.sourced_id) if child is not None else "",
        "tiles": tiles(child) if child is not None else (),
        "seen_as": getattr(request, "seen_as", None),
        "guardian_here": getattr(request, "guardian_here", False),
        **(context or {}),
    }
    return TemplateResponse(request, template, frame, status=status)


# --- words ------------------------------------------------------------------------------------------------------------
def in_words(error: SchoolOpsError | FieldError) -> str:
    """What ``error`` says, in the reader's language, with its days as they are written here."""
    facts = {name: _fact(value) for name, value in error.facts.items()}
    return filled(_(error.said), facts)


def _fact(value: Any) -> Any:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return date_format(value)
    return value


def in_full(error: SchoolOpsError) -> str:
    """The same, and what can be done about it."""
    remedy = filled(_(error.remedy), error.facts) if error.remedy else ""
    return f"{in_words(error)} {remedy}".strip()


def done(request: HttpRequest, words: str, to: str, child: Child | None = None) -> HttpResponse:
    """On to the page ``to``, which says ``words``."""
    messages.success(request, words)
    return HttpResponseRedirect(reverse(to, args=[child.student.sourced_id] if child else []), status=303)
