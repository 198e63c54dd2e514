"""Every form of the office, sent by the least that may send it: what comes next is a page that they may read.

Roles are edited by each school, so that somebody may write what they read nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import transaction
from django.test import Client
from django.urls import resolve

from apps.access.models import Role, RolePermission
from apps.access.permissions import CODES, PERMISSIONS
from apps.office.shell.site import office as site
from schoolops.context import inside
from tests.api.ground import Ground
from tests.apps.office.forms import Form
from tests.apps.office.test_what_forms_answer import _filled
from tests.apps.office.test_whatever_is_typed import NUMBERS, PAGES, Found, _ask, _forms, found, ground
from tests.factories import people

__all__ = ["found", "ground"]
CODE_OF = {each.sentence: each.code for each in PERMISSIONS}
NAMED = re.compile("permission “([^”]+)”")
# One permission opens the door of a view, others are asked by what it calls: so many at the most.
MOST = 6
# Whoever sends these is somebody else afterwards, or nobody.
LEAVING = {"/office/logout/", "/office/support/leave/", "/office/password_change/"}


def _role(name: str, *codes: str) -> Role:
    role = Role.objects.create(code=name, name=name)
    RolePermission.objects.bulk_create(RolePermission(role=role, permission=code) for code in codes)
    return role


Pairs = list[tuple[str, str]]
Led = list[tuple[str, int]]


@dataclass
class Hands:
    """People whose role is one set of permissions each, made as they are needed."""

    ground: Ground
    known: dict[frozenset[str], Ground] = field(default_factory=dict)

    def holding(self, codes: frozenset[str]) -> Ground:
        """The ground as somebody sees it who holds ``codes`` over the whole school, and nothing else."""
        if codes not in self.known:
            name = f"least-{len(self.known)}"
            _role(name, *codes)
            user = people.a_user(name, role=name)
            client = Client(raise_request_exception=False, headers={"host": "oak.localhost"})
            client.force_login(user, backend="apps.accounts.backends.LoginBackend")
            self.known[codes] = replace(self.ground, client=client)
        return self.known[codes]


def _admin_of(path: str) -> Any:
    """The model admin whose page it is, if it is one's."""
    return next((admin for model, admin in site._registry.items() if path.startswith(_place(model))), None)


def _place(model: Any) -> str:
    return f"/office/{model._meta.app_label}/{model._meta.model_name}/"


def _declared(path: str) -> set[str]:
    """What the page that is sent to asks for before anything else."""
    if permission := getattr(resolve(path).func, "office_permission", ""):
        return {permission}
    if (admin := _admin_of(path)) is None:
        return set()
    acts = {f"/act/{act.name}/": act.permission for act in admin.acts}
    return {next((code for end, code in acts.items() if path.endswith(end)), admin.manages)} - {""}


def _chosen_from(path: str) -> set[str]:
    """By what the rows are seen that the form of a model admin is about, and those that it chooses from."""
    if (admin := _admin_of(path)) is None:
        return set()
    fields = (each.related_model for each in admin.opts.concrete_fields if each.is_relation)
    return {each.sees for each in (admin, *map(site.admin_of, fields)) if each is not None}


def _sent(there: Ground, to: str, pairs: Pairs) -> tuple[Any, Led]:
    """The answer to the form, and where it led: each address with what it answered."""
    led: Led = []
    with transaction.atomic():
        answer = _ask(there, "post", to, urlencode(pairs), "application/x-www-form-urlencoded")
        after = answer
        while after.status_code in {302, 303} and len(led) < 3:
            address = after["Location"]
            after = _ask(there, "get", address)
            led.append((address, after.status_code))
        transaction.set_rollback(True)
    return answer, led


def _is_taken(answer: Any) -> bool:
    return answer.status_code in {302, 303} and "/login/" not in answer["Location"]


def _lacking(answer: Any) -> set[str]:
    """The permissions that a refusal names."""
    if answer.streaming or "text/html" not in answer.headers.get("Content-Type", ""):
        return set()
    return {CODE_OF[each] for each in NAMED.findall(unescape(answer.content.decode())) if each in CODE_OF}


def _least(hands: Hands, to: str, pairs: Pairs) -> tuple[frozenset[str], Led] | None:
    """The fewest permissions with which the form is taken, and where that leads; nothing, where it is by nobody."""
    path = to.partition("?")[0]
    codes = frozenset(_declared(path))
    for _ in range(MOST):
        answer, led = _sent(hands.holding(codes), to, pairs)
        if _is_taken(answer):
            return codes, led
        more = (_lacking(answer) or _chosen_from(path)) - codes
        if not more:
            break
        codes |= more
    # A page that shows a form to who may do more than look says of nothing that it is missing.
    beside = [
        each for each in sorted(CODES - codes) if each.partition(".")[0] in {to.partition(".")[0] for to in codes}
    ]
    for each in beside:
        answer, led = _sent(hands.holding(codes | {each}), to, pairs)
        if _is_taken(answer):
            return codes | {each}, led
    return None


@pytest.fixture(scope="module")
def hands(ground: Ground) -> Hands:
    return Hands(ground)


def _walked(hands: Hands, found: Found) -> tuple[int, list[str]]:
    """How many forms were taken by the least that may send them; and which led to no page of theirs."""
    taken, lost = 0, []
    for to, form in found:
        if to in LEAVING:
            continue
        for button, value in form.buttons or [("", "")]:
            for codes, led in _taken(hands, to, form, {button: [value]} if button else {}):
                taken += 1
                if led[-1][1] != 200:
                    lost.append(f"{re.sub(NUMBERS, '#', to)} {button} by {sorted(codes)}: {led}")
    return taken, sorted({*lost})


def _taken(hands: Hands, to: str, form: Form, pressed: dict[str, list[str]]) -> Iterator[tuple[frozenset[str], Led]]:
    """As it stands, or else with something in each field, if the administrator can send it so."""
    for said in (form.said, _filled(form)):
        pairs = [(name, each) for name, values in {**said, **pressed}.items() for each in values]
        if _is_taken(_sent(hands.ground, to, pairs)[0]):
            if found := _least(hands, to, pairs):
                yield found
            return


def test_whoever_writes_is_led_to_a_page_of_theirs(ground: Ground, hands: Hands) -> None:
    with inside(ground.oak):
        taken, lost = _walked(hands, _forms(ground, pages=3 * PAGES))
    assert not lost, "\n".join(lost)
    assert taken > 3


@pytest.mark.proof
def test_whoever_writes_anything_is_led_to_a_page_of_theirs(ground: Ground, hands: Hands, found: Found) -> None:
    with inside(ground.oak):
        taken, lost = _walked(hands, found)
    assert not lost, "\n".join(lost)
    assert taken > 90
