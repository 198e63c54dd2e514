"""Which gateway a school has, and with which keys: sealed, and nowhere to be read again."""

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
from schoolops.gateways.interface import GatewayAway, KeyRefused, Keys, offered

SET = "fees.set_gateway"
Answer = TypeVar("Answer")


@transaction.atomic
def set_card_gateway(*, gateway: str, taking: bool, secret: str = "", signing: str = "", by: User) -> CardGateway:
    """Choose the school's card gateway and whether payments are begun. Keys that are not said stay.

    Raises:
        PermissionMissing, OutOfReach, GatewayNotOffered, GatewayKeyNeeded, GatewayInUse.
    """
    access.require_everywhere(by, SET)
    if gateway not in offered():
        raise errors.GatewayNotOffered(name=gateway, offered=", ".join(offered()) or "none")
    row = CardGateway.objects.select_for_update().first()
    before = {"gateway": row.name, "taking": row.taking} if row else {}
    if row is None:
        row = CardGateway(heard_until=clock.machine())
    if row.name != gateway:
        open_ones = PaymentIntent.objects.filter(state=PaymentIntent.State.OPEN, gateway=row.name)
        if open_ones.filter(expires_at__gt=clock.now()).exclude(reference="").exists():
            raise errors.GatewayInUse
    if secret:
        # The sandbox has one secret of each account, and makes the other from it.
        keys = Keys(secret, signing or (sandbox.signing_secret(secret) if gateway == "sandbox" else ""))
        row.sealed = _sealed(keys)
    elif row.name != gateway:
        raise errors.GatewayKeyNeeded
    elif signing:
        row.sealed = _sealed(Keys(keys_of(row).secret, signing))
    row.name, row.taking, row.failing_since = gateway, taking, None
    row.save()
    after = {"gateway": gateway, "taking": taking, "keys": "entered" if secret or signing else "as before"}
    trail.record(by, "fees.gateway-set", row, before=before, after=after)
    return row


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
        answer = ask(question, meanwhile=meanwhile)
    except (GatewayAway, KeyRefused):
        _note(failing=True)
        raise
    if gateway.failing_since is not None:
        _note(failing=False)
    return answer


def _note(*, failing: bool) -> None:
    rows = CardGateway.objects.filter(failing_since__isnull=failing)
    rows.update(failing_since=clock.now() if failing else None)


@shuts_in_a_copy(writes={"fees_cardgateway": frozenset()})
def forget_the_gateway_in_a_copy(*, beside: bool) -> None:
    """A copy beside its school has no gateway: two schools would book, and give back, the same money."""
    if beside:
        CardGateway.objects.all().delete()
