"""How the embedded servers are set: one profile keeps its data through a crash, the other is fast and forgets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_POSTGRES_ALWAYS = {
    "listen_addresses": "127.0.0.1",
    # TCP only: no socket path of more than 107 bytes, no socket lock naming a dead process.
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    # A school is a schema of many tables, and creating, dropping or migrating one locks them all in one transaction.
    "max_locks_per_transaction": "512",
    # Planning over many schemas looks expensive to the planner, and compiling costs more than these queries take.
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
}
_VALKEY_ALWAYS = {
    # The process keeps the command line it was started with, by which we know it again.
    "set-proc-title": "no",
    "save": '""',
}


@dataclass(frozen=True, slots=True)
class Profile:
    """Settings of both servers, as each of them spells them. ``throwaway`` data may be made anew when damaged."""

    name: str
    throwaway: bool
    postgres_settings: Mapping[str, str]
    valkey_settings: Mapping[str, str]


DURABLE = Profile(
    name="durable",
    throwaway=False,
    postgres_settings={**_POSTGRES_ALWAYS, "fsync": "on"},
    valkey_settings={**_VALKEY_ALWAYS, "appendonly": "yes", "appendfsync": "everysec"},
)
THROWAWAY = Profile(
    name="throwaway",
    throwaway=True,
    postgres_settings={
        **_POSTGRES_ALWAYS,
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_wal_size": "2GB",
    },
    valkey_settings={**_VALKEY_ALWAYS, "appendonly": "no"},
)
PROFILES = {profile.name: profile for profile in (DURABLE, THROWAWAY)}
