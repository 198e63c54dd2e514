"""Redis behind Sentinel: how it is named, and who the master is at present. Tried with real failovers in ADR 8."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel

SCHEME = "sentinel"
FORM = "sentinel://login:password@host:26379,host:26379/master-name?db=0"
DEFAULT_PORT = 26379
_OPTIONS = frozenset({"db", "sentinel_username", "sentinel_password"})


class BadSentinelURL(ValueError):
    """The URL is not of the form that names Sentinels and a master."""

    def __init__(self, why: str) -> None:
        super().__init__(f"{why}. Write {FORM}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a ``sentinel://`` URL says. Login and password are the master's; those of the Sentinels stand apart."""

    sentinels: tuple[tuple[str, int], ...]
    master: str
    db: int = 0
    username: str | None = None
    password: str | None = None
    sentinel_username: str | None = None
    sentinel_password: str | None = None


def is_sentinel(url: str) -> bool:
    """Whether ``url`` names Sentinels rather than a server."""
    return url.partition(":")[0] == SCHEME


def parse(url: str) -> Named:
    """What ``url`` says. Raises ``BadSentinelURL``, which never quotes a password."""
    # Not by urlsplit: newer Pythons take several hosts, one of them in brackets, for one that is misspelt.
    scheme, _, rest = url.partition("://")
    if scheme != SCHEME:
        raise BadSentinelURL("It does not begin with sentinel://")
    place, _, query = rest.partition("?")
    authority, _, path = place.partition("/")
    login, _, hosts = authority.rpartition("@")
    username, _, password = login.partition(":")
    options = dict(parse_qsl(query, keep_blank_values=True))
    if unknown := sorted(options.keys() - _OPTIONS):
        raise BadSentinelURL(f"It knows no option {', '.join(unknown)}")
    master, db = unquote(path.strip("/")), options.get("db", "0")
    if not master or "/" in master:
        raise BadSentinelURL("It names no master")
    if not db.isdecimal():
        raise BadSentinelURL("Its db is not a number")
    return Named(
        sentinels=tuple(_host_and_port(host) for host in hosts.split(",")),
        master=master,
        db=int(db),
        username=unquote(username) or None,
        password=unquote(password) or None,
        sentinel_username=options.get("sentinel_username") or None,
        sentinel_password=options.get("sentinel_password") or None,
    )


def _host_and_port(text: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text.strip()}")
    except ValueError:
        raise BadSentinelURL("Its hosts cannot be read") from None
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        raise BadSentinelURL("The port of one of its hosts cannot be read") from None
    if not host:
        raise BadSentinelURL("One of its hosts is empty")
    return host, port or DEFAULT_PORT


_on_new_master: list[Callable[[], None]] = []


def on_new_master(listener: Callable[[], None]) -> None:
    """Call ``listener``, quickly, when a client that knew one master is told of another. Once for each client."""
    _on_new_master.append(listener)


class Sentinels(Sentinel):
    """Those of one URL; asked one after the other, beginning with the one that answered last.

    A Sentinel often stands on the machine of the master that has just died. All of them together cost no more than one
    connect and one command would: each gets its share of the two timeouts.
    """

    def __init__(self, named: Named, *, command_timeout_s: float, connect_timeout_s: float) -> None:
        share = len(named.sentinels)
        super().__init__(  # type: ignore[no-untyped-call]
            list(named.sentinels),
            sentinel_kwargs={
                "socket_connect_timeout": connect_timeout_s / share,
                "socket_timeout": command_timeout_s / share,
                "socket_keepalive": True,
                "retry": Retry(NoBackoff(), 0),
                "driver_info": None,
                "protocol": 2,
                "decode_responses": True,
                "username": named.sentinel_username,
                "password": named.sentinel_password,
            },
        )
        self.named = named
        self._last: tuple[str, int] | None = None

    def discover_master(self, service_name: str) -> tuple[str, int]:
        """The master's address. Raises ``MasterNotFoundError``, a ``redis.ConnectionError``.

        Not as the library does: SENTINEL MASTERS names the old one until the replicas follow, this the new one as soon
        as it is promoted.
        """
        for sentinel in list(self.sentinels):
            address = self._ask(sentinel, service_name)
            if isinstance(address, tuple):
                self.sentinels = [sentinel, *(other for other in self.sentinels if other is not sentinel)]
                before, self._last = self._last, address
                if before not in {None, address}:
                    for listener in _on_new_master:
                        listener()
                return address
        raise MasterNotFoundError(f"No Sentinel names a master called {service_name!r}")

    def doubt(self) -> None:
        """The one that was believed named a server that is no master: ask another one first next time."""
        self.sentinels = [*self.sentinels[1:], *self.sentinels[:1]]

    def survey(self) -> list[tuple[str, str]]:
        """(Sentinel, the master it names or why it names none) for each of the URL."""
        answers = []
        for (host, port), each in zip(self.named.sentinels, list(self.sentinels), strict=True):
            address = self._ask(each, self.named.master)
            answers.append((f"{host}:{port}", f"{address[0]}:{address[1]}" if isinstance(address, tuple) else address))
        return answers

    @staticmethod
    def _ask(sentinel: redis.Redis, master: str) -> tuple[str, int] | str:
        try:
            answer: Any = sentinel.sentinel_get_master_addr_by_name(master)
        except (redis.RedisError, OSError) as failed:
            return f"{type(failed).__name__}: {failed}"
        return (str(answer[0]), int(answer[1])) if answer else f"it knows no master called {master!r}"
