"""Whether the Redis that we are about to depend on is one: asked once, by the supervisor, before any worker starts.

Not by the workers: they start again whenever they are recycled, and must not fail in an outage that they could serve
through.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

import redis

from schoolops import clock
from schoolops.redis import sentinel
from schoolops.redis.connection import NotARedis, patient_redis

EXIT_CONFIG = 78
# 200 → 400 → 800 → 1600 → 3200 ms, then give up: six attempts in 6.2 s, however fast they are refused.
LADDER_S: tuple[float, ...] = (0.2, 0.4, 0.8, 1.6, 3.2)
# Of boot alone: six attempts at a server that swallows packets end within 13 s.
BOOT_CONNECT_TIMEOUT_S = 1.0
CLOCK_SKEW_WARNED_S = 5.0
POLICIES = frozenset({"noeviction", "volatile-lru", "volatile-lfu", "volatile-ttl"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to say about the server: ``fatal`` ones keep production from booting."""

    sentence: str
    fatal: bool = True


def wait_for(
    url: str, *, sleep: Callable[[float], None] = time.sleep, say: Callable[[str], None] | None = None
) -> redis.Redis | None:
    """A client of the server at ``url`` once it has answered PONG, or ``None`` at the end of the ladder."""
    client = patient_redis(url, connect_timeout_s=BOOT_CONNECT_TIMEOUT_S)
    for pause in (*LADDER_S, None):
        try:
            client.ping()
        except NotARedis as stranger:
            if say:
                say(str(stranger))
            return None
        except (redis.AuthenticationError, redis.RedisError, OSError) as refused:
            if pause is None or isinstance(refused, redis.AuthenticationError):
                if say:
                    say(f"{type(refused).__name__}: {refused}")
                return None
            if say:
                say(f"{type(refused).__name__}; next attempt in {pause * 1000:.0f} ms")
            sleep(pause)
        else:
            return client
    return None


def examine(client: redis.Redis) -> list[Finding]:
    """What is wrong with a server that answers: a replica, a policy that evicts jobs, a clock that differs."""
    findings: list[Finding] = []
    key, value = f"platform:boot:{secrets.token_hex(8)}", secrets.token_hex(8)
    role = client.role()[0].decode()
    if role != "master":
        return [Finding(sentence=f"It is a {role}: writes would fail. Name the primary, or a Sentinel.")]
    client.set(key, value, px=10_000)
    if client.get(key) != value.encode():
        findings.append(Finding(sentence="What was written to it did not come back."))
    client.delete(key)
    policy = client.info("memory").get("maxmemory_policy", "noeviction")
    if policy not in POLICIES:
        findings.append(
            Finding(
                sentence=f"Its maxmemory-policy {policy} may evict queued jobs. Set noeviction, or a volatile- policy."
            )
        )
    seconds, microseconds = client.time()
    skew = abs(clock.now().timestamp() - (seconds + microseconds / 1_000_000))
    if skew > CLOCK_SKEW_WARNED_S:
        findings.append(
            Finding(sentence=f"Its clock differs from ours by {skew:.0f} s. Run NTP on both machines.", fatal=False)
        )
    return findings


def survey(url: str) -> list[tuple[str, str]]:
    """(Sentinel, the master it names or why it names none) for each Sentinel of ``url``; none for a plain server."""
    if not sentinel.is_sentinel(url):
        return []
    named = sentinel.parse(url)
    share = len(named.sentinels)
    asked = sentinel.Sentinels(
        named, command_timeout_s=BOOT_CONNECT_TIMEOUT_S * share, connect_timeout_s=BOOT_CONNECT_TIMEOUT_S * share
    )
    try:
        return asked.survey()
    finally:
        asked.close()


def _examine_sentinels(answers: list[tuple[str, str]], client: redis.Redis) -> list[Finding]:
    """Those that are silent, and those that disagree with the one that was believed."""
    host, port = getattr(client.connection_pool, "master_address", None) or ("", 0)
    master = f"{host}:{port}"
    return [
        Finding(sentence=f"Sentinel {who} does not name {master} as the master: {answer}.", fatal=False)
        for who, answer in answers
        if answer != master
    ]


def check(url: str, *, say: Callable[[str], None] | None = None) -> list[Finding]:
    """Everything there is to say of the server at ``url`` before we depend on it; empty when all is well."""
    if not url:
        return [Finding(sentence="REDIS_URL is not set.")]
    try:
        client = wait_for(url, say=say)
    except sentinel.BadSentinelURL as bad:
        return [Finding(sentence=f"REDIS_URL: {bad}")]
    if client is None:
        what = "No Sentinel leads to a master that answers" if sentinel.is_sentinel(url) else "Redis does not answer"
        return [Finding(sentence=f"{what}. Start it, or correct REDIS_URL.")]
    try:
        return examine(client) + _examine_sentinels(survey(url), client)
    except redis.RedisError as failed:
        return [Finding(sentence=f"Redis answers PING, but not more: {type(failed).__name__}: {failed}")]
    finally:
        client.close()
