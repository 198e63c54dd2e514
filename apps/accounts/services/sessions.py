"""What is over: sessions in a browser, tokens with their logins, links."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.hashers import make_password
from django.db import models

from apps.accounts.models import OneTimeLink, Token, TokenFamily, User
from schoolops import clock
from schoolops.cache.sessions import SessionStore
from schoolops.copies.shutting import shuts_in_a_copy

# Whoever comes back the next morning is told that a token or link is over, rather than that there was none.
KEPT_AFTER_THEIR_END = dt.timedelta(days=7)
AT_ONCE = 5_000


def clear_sessions() -> None:
    """Delete the sessions of the current school that are over. Running ones, and whoever is in them, are untouched."""
    SessionStore.clear_expired()


def clear_logins() -> dict[str, int]:
    """Delete the tokens and links of the current school that ended a week ago, and logins left without a token.

    Returns how many of each. In batches, each committed where no transaction is open.
    """
    before = clock.now() - KEPT_AFTER_THEIR_END
    return {
        "tokens": _delete(Token.objects.filter(expires_at__lt=before)),
        "logins": _delete(TokenFamily.objects.filter(created_at__lt=before, tokens__isnull=True)),
        "links": _delete(OneTimeLink.objects.filter(expires_at__lt=before)),
    }


def _delete(rows: models.QuerySet[models.Model]) -> int:
    gone = 0
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        gone += rows.model._default_manager.filter(pk__in=keys).delete()[0]
    return gone


@shuts_in_a_copy(
    writes={
        "accounts_user": frozenset({"password", "logins_ended_at"}),
        **dict.fromkeys(
            ("accounts_token", "accounts_tokenfamily", "accounts_onetimelink", "django_session"), frozenset()
        ),
    }
)
def shut_logins(*, beside: bool) -> None:
    """What was live when a backup was made, and may have been ended since, opens nothing in the school made of it.

    ``beside``: neither do passwords; an operator who opens the school hands out links.
    """
    SessionStore.get_model_class().objects.all().delete()
    for rows in (Token.objects.all(), TokenFamily.objects.all(), OneTimeLink.objects.all()):
        rows.delete()
    ended: dict[str, object] = {"logins_ended_at": clock.now()}
    if beside:
        ended["password"] = make_password(None)
    User.objects.update(**ended)
