"""Sessions of the admin: rows of the school's own schema, with Redis in front. ``SESSION_ENGINE`` names this module.

The row decides, so a login survives an outage of Redis, and ending it counts with the next request, even if Redis never
hears of it: a session found in Redis says who somebody is only together with its row, which is asked for in the query
that reads the user's row (``session_stands``). A cookie of Oak means nothing at Elm: its row stands in Oak's
schema, its key in Redis is Oak's, and what it holds is signed for Oak.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from contextvars import ContextVar
from typing import Any, TypeVar

import msgspec
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore as Rows
from django.db.models import Exists, Model
from typing_extensions import override

from schoolops import clock
from schoolops.cache.entry import CacheEntry
from schoolops.context import school_or_none
from schoolops.redis.connection import SESSIONS

# Every request prolongs a session, but is worth a write only so often.
SAVED_EVERY = dt.timedelta(minutes=5)


class Kept(msgspec.Struct, frozen=True):
    """A session as its row has it; ``data`` is signed."""

    data: str
    expires_at: dt.datetime


class NoSession(LookupError):
    """There is no session of this key, or it is over."""


SESSION = CacheEntry(
    "session", Kept, ttl_s=SESSIONS.ttl_s, purpose="who is logged in to the admin", alias=SESSIONS, strict=True
)


Person = TypeVar("Person", bound=Model)
# The session that this request came with, whose row nobody has seen yet: Redis may not have heard that it was ended.
_unproven: ContextVar[str | None] = ContextVar("schoolops_session_unproven", default=None)


def unproven_session() -> str | None:
    """The key of the session that this request came with, where only the cache has said so far that it stands."""
    return _unproven.get()


def session_stands(key: Any, now: Any) -> Exists:
    """Whether the row of a session is there and not over: for the query that reads the user, values or parameters."""
    return Exists(SessionStore.get_model_class().objects.filter(session_key=key, expire_date__gt=now))


def _digest(session_key: str) -> str:
    # Who can list the keys in Redis shall not be able to log in with them.
    return hashlib.sha256(session_key.encode()).hexdigest()


class SessionStore(Rows):
    """Read through the cache, written to the row at once; a change at once, mere use every five minutes."""

    @property
    def key_salt(self) -> str:
        school = school_or_none()
        return f"schoolops.sessions.{school.schema_name if school else 'public'}"

    @override
    def load(self) -> dict[str, Any]:
        try:
            kept = self._kept()
        except NoSession:
            self._session_key = None
            return {}
        left = kept.expires_at - clock.now()
        if left <= dt.timedelta(0):
            self._session_key = None
            return {}
        data: dict[str, Any] = self.decode(kept.data)
        if "_session_expiry" not in data and left < dt.timedelta(seconds=settings.SESSION_COOKIE_AGE) - SAVED_EVERY:
            # Saved, row and cookie, when this request ends.
            self.modified = True
        return data

    def _kept(self) -> Kept:
        key = self.session_key
        _unproven.set(None)
        if key is None:
            raise NoSession
        if school_or_none() is None:
            # Operators, outside schools, are few: their rows are enough.
            return self._row()
        _unproven.set(key)
        return SESSION.get(_digest(key), load=self._row)

    def _row(self) -> Kept:
        row = self.model.objects.filter(session_key=self.session_key, expire_date__gt=clock.now()).first()
        if row is None:
            raise NoSession
        return Kept(row.session_data, row.expire_date)

    @override
    def get_expiry_date(self, **kwargs: Any) -> dt.datetime:
        return super().get_expiry_date(**{"modification": clock.now(), **kwargs})

    @override
    def save(self, must_create: bool = False) -> None:
        super().save(must_create)
        # Its row has been written just now.
        _unproven.set(None)
        if self.session_key is not None and not must_create:
            _forget(self.session_key)

    @override
    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        super().delete(session_key)
        if key is not None:
            _forget(key)

    @override
    async def aload(self) -> dict[str, Any]:
        return await sync_to_async(self.load)()

    @override
    async def asave(self, must_create: bool = False) -> None:
        await sync_to_async(self.save)(must_create)

    @override
    async def adelete(self, session_key: str | None = None) -> None:
        await sync_to_async(self.delete)(session_key)

    @classmethod
    @override
    def clear_expired(cls) -> None:
        """Delete the rows of the current school's sessions that are over."""
        cls.get_model_class().objects.filter(expire_date__lt=clock.now()).delete()


def _forget(session_key: str) -> None:
    if school_or_none() is not None:
        SESSION.forget(_digest(session_key))
