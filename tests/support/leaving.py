"""What leaves the process, watched where every library passes: a transaction may not be open meanwhile."""

from __future__ import annotations

import functools
import http.client
import smtplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.mail import EmailMessage

from schoolops.resilience.outside import expect_no_transaction

# `requests` and urllib go through http.client; Django's own backend for tests never reaches smtplib.
DOORS: tuple[tuple[type, str], ...] = (
    (EmailMessage, "send"),
    (smtplib.SMTP, "connect"),
    (http.client.HTTPConnection, "putrequest"),
)


@contextmanager
def guarded() -> Iterator[None]:
    """While it lasts, each of ``DOORS`` raises ``CalledInTransaction`` where a transaction is open."""
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in DOORS:
            patch.setattr(owner, name, _watched(getattr(owner, name), f"{owner.__name__}.{name} was called"))
        yield


def _watched(door: Callable[..., Any], what: str) -> Callable[..., Any]:
    @functools.wraps(door)
    def watched(*args: Any, **kwargs: Any) -> Any:
        expect_no_transaction(what)
        return door(*args, **kwargs)

    return watched
