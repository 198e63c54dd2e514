"""Which gateways a school has, and with which keys: sealed, and nowhere to be read again."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from typing import TypeVar

from django.conf import settings
from django.db import transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.fees import errors
from apps.fees.models import CardGateway, PaymentIntent
from schoolops import clock
from schoolops.api.sealing import Unsealable, seal, unseal
from schoolops.audit import trail
from schoolops.context import current_school
from schoolops.copies.shutting import shuts_in_a_copy
from schoolops.gateways import sandbox, stripe  # noqa: F401 - Stripe offers itself
from schoolops.gateways.asking import ask
from schoolops.gateways.interface import GatewayAway, KeyRefused, Keys, gateway_called, offered

SET = "fees.set_gateway"
Answer = TypeVar("Answer")


@transaction.atomic
def set_card_gateway(*, gateway: str, taking: bool, secret: str = "", signing: str = "", by: User) -> CardGateway:
    """Choose the school's card gateway and whether payments are begun. Keys that are not said stay.

    The one before is kept, with its keys: what was begun there is looked at there, refunds and disputes of years to
    come included, until it is forgotten.

    Raises:
        PermissionMissing, OutOfReach, GatewayNotOffered, GatewayKeyNeeded.
    """
    access.require_everywhere(by, SET)
    if gateway not in offered():
        raise errors.GatewayNotOffered(name=gateway, offered=", ".join(offered()) or "none")
    known = {row.name: row for row in CardGateway.objects.select_for_update().order_by("pk")}
    present = next(iter(known.values()), None)
    before = {"gateway": present.name, "taking": present.taking} if present else {}
    row = known.get(gateway)
    if row is None:
        if not secret:
            raise errors.GatewayKeyNeeded
        row = CardGateway(name=gateway, heard_until=clock.machine())
    if secret:
        # The sandbox has one secret of each account, and makes the other from it.
        present_one = sandbox.signing_secret(secret) if gateway == "sandbox" else _signing_of(row)
        row.sealed = _sealed(Keys(secret, signing or present_one))
    elif signing:
        row.sealed = _sealed(Keys(keys_of(row).secret, signing))
    if present is not None and present.name != gateway:
        CardGateway.objects.filter(name=gateway).delete()
        place = max(each.pk for each in known.values()) + 1
        CardGateway.objects.filter(pk=present.pk).update(id=place, taking=False)
    row.pk, row.taking, row.failing_since = CardGateway.PRESENT, taking, None
    row.save()
    after = {"gateway": gateway, "taking": taking, "keys": "entered" if secret or signing else "as before"}
    trail.record(by, "fees.gateway-set", row, before=before, after=after)
    return row


@transaction.atomic
def forget_card_gateway(*, gateway: str, by: User) -> None:
    """An earlier gateway is asked no more, and its keys are gone.

    Raises:
        PermissionMissing, OutOfReach, GatewayNotSet, GatewayInUse.
    """
    access.require_everywhere(by, SET)
    row = CardGateway.objects.select_for_update().exclude(pk=CardGateway.PRESENT).filter(name=gateway).first()
    if row is None:
        raise errors.GatewayNotSet
    begun = PaymentIntent.objects.filter(state=PaymentIntent.State.OPEN, gateway=gateway)
    if begun.exclude(reference="").exists():
        raise errors.GatewayInUse
    trail.record(by, "fees.gateway-forgotten", row, before={"gateway": gateway})
    row.delete()


def try_card_gateway(*, by: User) -> bool:
    """Ask the school's gateway, which moves nothing; whether what it writes can be checked as well.

    Raises:
        PermissionMissing, OutOfReach, GatewayNotSet, GatewayUnknown, GatewayAway, KeyRefused, GatewayRefused.
    """
    access.require_everywhere(by, SET)
    gateway = CardGateway.objects.filter(pk=CardGateway.PRESENT).first()
    if gateway is None:
        raise errors.GatewayNotSet
    there, keys = gateway_called(gateway.name), keys_of(gateway)
    asked(gateway, lambda: there.heard_since(clock.machine(), keys))
    return bool(keys.signing)


def _signing_of(row: CardGateway) -> str:
    """The signing secret by now; empty where none is entered, or nobody can open it any more."""
    try:
        return keys_of(row).signing if row.sealed else ""
    except KeyRefused:
        return ""


def keys_of(gateway: CardGateway) -> Keys:
    """Raises ``KeyRefused`` where they were sealed with a key that we no longer have."""
    try:
        return Keys(**json.loads(unseal(bytes(gateway.sealed), owner=_owner())))
    except Unsealable as lost:
        raise KeyRefused(why="the key was entered under a SECRET_KEY that is gone") from lost


def sealed_anew(gateway: CardGateway) -> None:
    """With the present key, while an earlier one is still known."""
    if settings.SECRET_KEY_FALLBACKS:
        gateway.sealed = _sealed(keys_of(gateway))
        gateway.save(update_fields=["sealed"])


def _sealed(keys: Keys) -> bytes:
    return seal(json.dumps(asdict(keys)).encode(), owner=_owner())


def _owner() -> str:
    return f"fees.gateway:{current_school().slug}"


def asked(
    gateway: CardGateway,
    question: Callable[[], Answer],
    *,
    meanwhile: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Answer:
    """What the gateway answers; that it does not, or does again, is noted. Raises what ``asking.ask`` raises."""
    try:
        answer = ask(question, of=gateway.name, meanwhile=meanwhile)
    except (GatewayAway, KeyRefused):
        _note(gateway, failing=True)
        raise
    if gateway.failing_since is not None:
        _note(gateway, failing=False)
    return answer


def _note(gateway: CardGateway, *, failing: bool) -> None:
    rows = CardGateway.objects.filter(name=gateway.name, failing_since__isnull=failing)
    rows.update(failing_since=clock.now() if failing else None)


@shuts_in_a_copy(writes={"fees_cardgateway": frozenset()})
def forget_the_gateway_in_a_copy(*, beside: bool) -> None:
    """A copy beside its school has no gateway: two schools would book, and give back, the same money."""
    if beside:
        CardGateway.objects.all().delete()
