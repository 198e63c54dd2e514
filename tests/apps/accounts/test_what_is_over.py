"""Tokens, logins and links that are over are swept at night; what is in use stays."""

from __future__ import annotations

from typing import Any

from apps.accounts import services, tasks
from apps.accounts.models import OneTimeLink, Token, TokenFamily, User
from schoolops.queues.schedule import schedules

NEW = "a new and rather long one"


def test_tokens_logins_and_links_that_are_over_are_swept_and_others_stay(
    in_oak: Any, bob: User, alice: User, later: Any
) -> None:
    services.open_login(bob, label="left behind")
    services.hand_out_link(user=bob, by=alice)
    later(days=22)
    fresh = services.open_login(alice, label="in use")
    kept = services.hand_out_link(user=alice, by=bob)
    assert services.clear_logins() == {"tokens": 2, "logins": 1, "links": 1}
    assert services.clear_logins() == {"tokens": 0, "logins": 0, "links": 0}
    assert services.authenticate_token(fresh.access_token)[0] == alice
    assert (Token.objects.count(), TokenFamily.objects.count(), OneTimeLink.objects.count()) == (2, 1, 1)
    assert services.redeem_link(token=kept.token, password=NEW) == alice


def test_the_sweep_is_scheduled() -> None:
    assert tasks.clear_logins in {each.task for each in schedules()}
