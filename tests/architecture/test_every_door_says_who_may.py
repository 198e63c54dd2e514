"""Every address, every room of the office's admin and every task says who may; what is open on purpose stands here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from django.urls import URLPattern, get_resolver, path

from apps.access.permissions import CODES, OVER
from apps.office.shell.acts import ActsOnRows
from apps.office.shell.base import ServiceAdmin
from apps.office.shell.pages import office_page
from apps.office.shell.permitted import Permitted, ReadOnlyInline
from apps.office.shell.site import office
from schoolops.api.permissions import LoggedIn
from schoolops.api.viewsets import ApiViewSet
from schoolops.queues import registry

# Nobody is logged in yet, or needs to be.
OPEN = {
    "static/<path:name>": "scripts and styles, the same for everybody; in production the proxy has them",
    "": "leads to the login",
    "api/v1/schema": "describes the API, holds no rows",
    "api/v1/docs": "describes the API, holds no rows",
    "api/v1/school": "the name and colour that the login page shows",
    "api/v1/institutions/<uuid:id>/logo": "the picture that the login page shows; changing it needs a login",
    "api/v1/auth/login": "asks for the password",
    "api/v1/auth/refresh": "asks for the refresh token",
    "api/v1/auth/forgotten": "mails the owner, and answers everybody the same",
    "api/v1/auth/redeem": "anyone with the link",
    "api/v1/card-checkout/<str:ticket>": "whoever was given the ticket of a payment: to the page where it is paid",
    "api/v1/card-checkout/<str:ticket>/return": "the same, on the way back",
    "api/v1/card-gateway/events": "the card gateway, by its signature",
    "office/login/": "asks for the password",
    "office/logout/": "ends one's own login",
    "office/second-factor/": "for whoever gave the right password just now",
    "office/forgotten/": "mails the owner, and answers everybody the same",
    "office/password_change/": "one's own, asked for the present one",
    "language/": "the language of one's own browser",
    "redeem": "anyone with the link",
    "support": "anyone with the link",
    "hooks/sms": "the gateway, by the secret of the installation",
    "hooks/mail": "the mail provider, by the secret of the installation and its signature",
    "family/calendars/<str:secret>.ics": "whoever has the secret link, as far as its owner may by now",
    "family/manifest.webmanifest": "the name of the school, as the login page shows it",
    "verify/<str:code>/": "whoever holds a report card: that it is genuine, its day and version",
}
# Whoever is logged in, of what is theirs.
OWN = {
    "api/v1/auth/logout": "one's own login",
    "api/v1/auth/logout-everywhere": "one's own logins",
    "api/v1/me": "oneself",
    "api/v1/me/permissions": "one's own permissions",
    "api/v1/me/password": "one's own, asked for the present one",
    "api/v1/me/totp": "one's own second factor",
    "api/v1/me/totp/confirm": "one's own second factor",
    "api/v1/jobs": "one's own jobs",
    "api/v1/jobs/<job:job_id>": "one's own job",
    "api/v1/jobs/<job:job_id>/run-now": "one's own job",
}
# What everybody who is logged in may know.
KNOWN = {("get", "api/v1/account-policy"): "whether a second factor will be asked for"}
# Who works here, without a permission of its own: what it shows and does is asked for row by row, or is one's own.
STAFF = {
    "office/changes/": "one's own changes of many rows",
    "office/filters/<str:listed>/": "one's own filters",
    "office/filters/<uuid:id>/rename/": "one's own filters",
    "office/filters/<uuid:id>/remove/": "one's own filters",
    "office/support/end/": "one's own stay",
    "office/": "each part shows what its reader reaches",
    "office/find/": "each kind is searched within its permission and scope",
    "office/autocomplete/": "each kind is searched within its permission and scope",
    "roll/": "one's own classes",
    "roll/<group:kind>/<uuid:group>/<day:day>/": "the roll's service asks for attendance.mark over the group",
    "roll/<group:kind>/<uuid:group>/<day:day>/<uuid:period>/": "the roll's service asks for it over the group",
}
# Pages that the libraries bring: behind the site's door, of rows that admins of the registry reach.
BROUGHT = ("django.contrib.", "unfold.", "django.views.")
FOR_NOBODY_IN_PARTICULAR = {"the school", "the platform"}
# The services that it calls ask that person, each for its own permission.
FOR_WHOEVER_SENT_IT = "whoever sent it"


def _addresses(patterns: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for each in patterns:
        if isinstance(each, URLPattern):
            yield prefix + str(each.pattern), each.callback
        else:
            yield from _addresses(each.url_patterns, prefix + str(each.pattern))


def _doors(patterns: Iterable[Any]) -> Iterator[tuple[str, str, Any]]:
    """Address, method ("" for all of a page's) and view; the older path of the API leads to the same views."""
    for address, view in _addresses(patterns):
        if not address.startswith("api/v1/tenant/"):
            for method in getattr(view, "actions", None) or ("",):
                # DRF adds it to a view's own dict at the first request: the same action as GET.
                if method != "head":
                    yield address, method, view


def _says(address: str, method: str, view: Any) -> bool:
    if address in OPEN or address in STAFF:
        return True
    if hasattr(view, "cls"):
        asked = view.cls(**view.initkwargs)
        asked.action = getattr(view, "actions", {}).get(method)
        if not any(isinstance(each, LoggedIn) for each in asked.get_permissions()):
            return False
        if address in OWN or (method, address) in KNOWN:
            return True
        return isinstance(asked, ApiViewSet) and _is_said(asked.asks.get(asked.action or "", ""))
    if (held := getattr(view, "family_asks", None)) is not None:
        return _is_said(held)
    named = getattr(view, "office_permission", None)
    if named is not None:
        return named in CODES and view.office_over in OVER
    return _of_the_registry(view) or view.__module__.startswith(BROUGHT)


def _is_said(held: str) -> bool:
    """Whether this names a permission and over what it is held: ``students.view over student``."""
    code, _, over = held.partition(" over ")
    return code in CODES and over in OVER


def _of_the_registry(view: Any) -> bool:
    name, _, _ = view.__qualname__.partition(".")
    return any(name == kind.__name__ for admin in office._registry.values() for kind in type(admin).__mro__)


def _silent_addresses(patterns: Iterable[Any]) -> list[str]:
    return [f"{method} {address}" for address, method, view in _doors(patterns) if not _says(address, method, view)]


def _over(admin: Any) -> str:
    """Over what the rows of a list are held. What is computed for whoever asks says how: a path, or rows of its own."""
    kind = type(admin) if not isinstance(admin, type) else admin
    scope, over = getattr(kind, "scope", None), getattr(kind, "over", "")
    if scope is not None:
        return str(scope[0])
    named = {name for each in kind.__mro__ if each is not Permitted for name in vars(each)}
    computed = over in {"student", "section", "class", "staff", "login"}
    # What belongs to a row is shown with that row.
    of_a_row = issubclass(kind, ReadOnlyInline)
    return over if not computed or of_a_row or named & {"reached", "within"} else ""


def _gates(admins: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """What each model, each of its writes, acts and inlines asks for, as ``students.view over student``."""
    for admin in admins:
        name, over = type(admin).__name__, _over(admin)
        yield from ((gate, f"{code} over {over}") for gate, code in _codes(name, admin))
        for inline in admin.inlines:
            yield f"{name}.{inline.__name__}", f"{getattr(inline, 'sees', '')} over {_over(inline)}"


def _codes(name: str, admin: Any) -> Iterator[tuple[str, str]]:
    yield name, getattr(admin, "sees", "")
    for write in ("add", "change", "remove"):
        if getattr(type(admin), write, None) is not None:
            yield f"{name}.{write}", getattr(admin, "manages", "")
    for act in getattr(admin, "acts", ()):
        yield f"{name}.{act.name}", act.permission


def _silent_admins(admins: Iterable[Any]) -> list[str]:
    return [name for name, held in _gates(admins) if not _is_said(held)]


def _silent_tasks(tasks: Iterable[Any]) -> list[str]:
    return [
        each.name
        for each in tasks
        if each.acts_for not in {*FOR_NOBODY_IN_PARTICULAR, FOR_WHOEVER_SENT_IT} and not _is_said(each.acts_for)
    ]


def _tasks() -> list[Any]:
    # Other tests declare tasks of their own.
    return [each for each in registry.tasks() if each.origin.startswith(("apps.", "schoolops."))]


def _patterns() -> list[Any]:
    return list(get_resolver("config.urls").url_patterns)


def test_every_address_says_who_may() -> None:
    assert _silent_addresses(_patterns()) == []


def test_what_is_open_on_purpose_is_there() -> None:
    assert {*OPEN, *STAFF, *OWN, *(address for _, address in KNOWN)} <= {
        address for address, _, _ in _doors(_patterns())
    }


def test_every_model_act_and_inline_of_the_office_says_who_may() -> None:
    assert _silent_admins(office._registry.values()) == []
    assert all(isinstance(each, ServiceAdmin | ActsOnRows) for each in office._registry.values())


def test_every_task_says_with_whose_power_it_acts() -> None:
    assert _silent_tasks(_tasks()) == []


def _room_of(view: Any) -> str:
    """Whose address it is: an app, or a room of the office."""
    module: str = getattr(view, "cls", view).__module__
    parts = module.split(".")
    return ".".join(parts[1:3]) if parts[:2] == ["apps", "office"] else parts[1] if parts[0] == "apps" else parts[0]


# How many addresses, with their methods, the walk finds of each: what is added here changes its own line.
DOORS = {
    "access": 18,
    "accounts": 17,
    "attendance": 35,
    "config": 1,
    "django": 104,
    "examinations": 53,
    "exchange": 27,
    "family": 35,
    "fees": 72,
    "institutions": 44,
    "notifications": 37,
    "office.access": 6,
    "office.attendance": 12,
    "office.door": 9,
    "office.examinations": 27,
    "office.fees": 32,
    "office.messages": 8,
    "office.people": 17,
    "office.rosters": 10,
    "office.setup": 5,
    "office.shell": 151,
    "office.start": 2,
    "reports": 11,
    "schoolops": 5,
    "staff": 14,
    "students": 29,
    "timetable": 10,
    "unfold": 3,
}


def test_the_walks_are_long() -> None:
    assert Counter(_room_of(view) for _address, _method, view in _doors(_patterns())) == DOORS
    assert len(list(_gates(office._registry.values()))) > 120
    assert len(_tasks()) > 35


@pytest.mark.parametrize(
    ("permission", "over"),
    [("", ""), ("students.wave", "student"), ("students.view", ""), ("students.view", "planet"), ("", "student")],
)
def test_a_page_without_permission_or_scope_is_found(permission: str, over: Any) -> None:
    page = office_page(permission=permission, over=over)(lambda _request: None)  # type: ignore[arg-type,return-value]
    assert _silent_addresses([*_patterns(), path("office/hole/", page)]) == [" office/hole/"]


@pytest.mark.parametrize("held", ["", "students.view", "students.view over ", "students.wave over student"])
def test_an_action_of_the_api_without_permission_or_scope_is_found(held: str) -> None:
    class Hole(ApiViewSet):
        asks: ClassVar[dict[str, str]] = {"list": held, "change": "students.manage over student"}

    hole = path("api/v1/hole", Hole.as_view({"get": "list", "patch": "change", "delete": "remove"}))
    assert _silent_addresses([*_patterns(), hole]) == ["get api/v1/hole", "delete api/v1/hole"]


@pytest.mark.parametrize("over", ["", "planet", "student"])
def test_a_list_without_a_scope_is_found(over: str) -> None:
    """Nor may it say that its rows are some students' and show all of them."""

    class Hole(Permitted):
        sees, inlines = "students.view", ()

    Hole.over = over
    assert _silent_admins([Hole()]) == ["Hole"]
    Hole.scope = ("student", "student")
    assert _silent_admins([Hole()]) == []


def test_an_act_without_a_permission_is_found() -> None:
    class Hole:
        sees, manages, inlines, over = "students.view", "", (), "school"
        acts = (SimpleNamespace(name="wave", permission=""),)
        add = staticmethod(lambda: None)

    assert _silent_admins([*office._registry.values(), Hole()]) == ["Hole.add", "Hole.wave"]


@pytest.mark.parametrize("acts_for", ["", "imports.run", "imports.run over the moon", "imports.walk over school"])
def test_a_task_that_acts_for_nobody_is_found(acts_for: str) -> None:
    assert _silent_tasks([*_tasks(), SimpleNamespace(name="apps.hole", acts_for=acts_for)]) == ["apps.hole"]
