"""From a host name to its school: remembered in the process, forgotten by all processes when a school changes.

A mark in Redis says when to forget. It is read at most once a second, so a suspension reaches every process within
a second; with Redis away, what we remember is trusted for five seconds only. A process that cannot reach Redis while
others do gives them the mark as soon as it can; one that ends before leaves them to find out within a minute.
"""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass

import redis
from django.conf import settings

from schoolops.context import SchoolLike, outside_schools
from schoolops.redis.connection import RedisUnavailable, platform_redis
from schoolops.tenancy.models import Domain, School

VERSION_KEY = "platform:hosts:version"
VERSION_READ_EVERY_S = 1.0
TRUSTED_S = 60.0
TRUSTED_WITHOUT_REDIS_S = 5.0
MOST_REMEMBERED = 10_000
# The one that a browser asks where an address names none.
HTTP_PORT = 80


@dataclass(frozen=True, slots=True)
class _Remembered:
    school: School | None
    until: float
    version: str | None


_hosts: dict[str, _Remembered] = {}
_lock = threading.Lock()
_version: str | None = None
_version_read_at = float("-inf")
# Whether a mark is due that Redis could not be given.
_owed = False


def _current_version() -> str | None:
    global _version, _version_read_at
    moment = time.monotonic()
    if moment - _version_read_at >= VERSION_READ_EVERY_S:
        _version_read_at = moment
        try:
            if _owed:
                _give_a_new_mark()
            value = platform_redis().get(VERSION_KEY)
            _version = value.decode() if isinstance(value, bytes) else "0"
        except RedisUnavailable:
            _version = None
    return _version


def school_at(host: str) -> School | None:
    """The school that answers at ``host`` (lower case, no port) in any state but deleted, or ``None``."""
    version = _current_version()
    known = _hosts.get(host)
    if known is not None and known.version == version and time.monotonic() < known.until:
        return known.school
    with outside_schools():
        domain = Domain.objects.select_related("tenant").filter(domain=host).first()
    school: School | None = domain.tenant if domain is not None else None
    trusted = TRUSTED_S if version is not None else TRUSTED_WITHOUT_REDIS_S
    with _lock:
        if len(_hosts) >= MOST_REMEMBERED:
            # Strangers' host names can fill it; starting over costs one query per school.
            _hosts.clear()
        _hosts[host] = _Remembered(school, time.monotonic() + trusted, version)
    return school


def web_address(school: SchoolLike | None) -> str:
    """Where people find ``school``, or the operators' pages: ``https://oak.example.org``, without a final slash.

    Without TLS nobody stands in front of our own server, so its port belongs to the address: a demo's links work.
    """
    if school is None:
        host = next(iter(settings.PUBLIC_HOSTS), "localhost")
    else:
        with outside_schools():
            host = (
                Domain.objects.filter(tenant_id=school.pk)
                .order_by("-is_primary", "pk")
                .values_list("domain", flat=True)[0]
            )
    if settings.SECURE_SSL_REDIRECT:
        return f"https://{host}"
    return f"http://{host}" if settings.PORT == HTTP_PORT else f"http://{host}:{settings.PORT}"


def forget_here() -> None:
    """Make this process alone look schools up again."""
    global _version_read_at
    with _lock:
        _hosts.clear()
    _version_read_at = float("-inf")


def mark(server: redis.Redis) -> None:
    """Make every process that asks ``server`` look schools up again. Raises ``redis.RedisError``."""
    # A mark nobody has seen before, not a counter: a Redis that lost its data would count the same numbers again.
    server.set(VERSION_KEY, uuid.uuid4().hex)


def _give_a_new_mark() -> None:
    global _owed
    # Before it is given: a change that comes meanwhile owes one of its own.
    _owed = False
    try:
        mark(platform_redis())
    except RedisUnavailable:
        _owed = True
        raise


def forget_hosts() -> None:
    """Make every process look schools up again. Called after any change to a school or its addresses."""
    forget_here()
    try:
        _give_a_new_mark()
    except RedisUnavailable:
        # Where nobody can read the mark they trust what they know for five seconds only; else it is given when it can.
        return
