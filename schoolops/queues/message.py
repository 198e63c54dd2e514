"""The message that tells a worker which jobs to look at: Celery's protocol 2, by template, read with suspicion."""

from __future__ import annotations

import base64
import binascii
import uuid
from enum import IntEnum
from typing import Any

import orjson

RUN = "jobs.run"
_TEMPLATE = (
    '{"body":"%s","content-encoding":"utf-8","content-type":"application/json","headers":{"lang":"py","task":"jobs.run",'
    '"id":"%s","shadow":"%s","eta":null,"expires":null,"group":null,"group_index":null,"retries":0,'
    '"timelimit":[%s,null],"root_id":"%s","parent_id":null,"argsrepr":"","kwargsrepr":"","origin":"relay",'
    '"ignore_result":true},"properties":{"correlation_id":"%s","delivery_mode":2,"delivery_info":{"exchange":"",'
    '"routing_key":"%s"},"priority":0,"body_encoding":"base64","delivery_tag":"%s"}}'
)
_EMBED = ',{},{"callbacks":null,"errbacks":null,"chain":null,"chord":null}]'
# Over the watchdog's five seconds of grace, and what may have run before in the same message.
HARD_LIMIT_AFTER_S = 6


class Mode(IntEnum):
    """How the runner takes the jobs of a message; code that knows of no leases here takes these for durable ones."""

    ONE_TRANSACTION = 0
    # The same, and its commit waits for the disk.
    DURABLE = 1
    LEASED = 2


def build(job_ids: list[int], *, task: str, broker_key: str, timeout_s: int, mode: Mode) -> str:
    """The broker's text for these jobs. ``task`` is for Celery's monitoring alone; the runner asks the ledger."""
    # Time-based and random in one; the broker needs it unique, nobody needs it secret.
    message_id = uuid.uuid4()
    body = base64.b64encode(f"[[{job_ids},{timeout_s},{mode:d}]{_EMBED}".encode()).decode()
    hard = timeout_s + HARD_LIMIT_AFTER_S
    name = task if task.replace("_", "").replace(".", "").isalnum() else "?"
    return _TEMPLATE % (body, message_id, name, hard, message_id, message_id, broker_key, message_id)


def is_ours(text: bytes | str) -> bool:
    """Whether this came from ``build``: Celery stops for good on some of what a list may hold otherwise."""
    try:
        message = orjson.loads(text)
        headers = message["headers"]
        properties = message["properties"]
        body = orjson.loads(base64.b64decode(message["body"], validate=True))
        return (
            headers["task"] == RUN
            and isinstance(headers["id"], str)
            and message["content-type"] == "application/json"
            and message["content-encoding"] == "utf-8"
            and properties["body_encoding"] == "base64"
            and isinstance(properties["delivery_tag"], str)
            and isinstance(properties["delivery_info"]["routing_key"], str)
            and headers.get("eta") is None
            and headers.get("expires") is None
            and _is_body(body)
        )
    except (ValueError, TypeError, KeyError, AttributeError, binascii.Error):
        return False


def jobs_in(text: bytes | str) -> list[int]:
    """The jobs that a message carries; none where it is not ours."""
    if not is_ours(text):
        return []
    jobs: list[int] = orjson.loads(base64.b64decode(orjson.loads(text)["body"]))[0][0]
    return jobs


def number_in(text: bytes) -> int | None:
    """The number that this is; ``None`` where a stranger said it."""
    try:
        return int(text)
    except ValueError:
        return None


def _is_body(body: Any) -> bool:
    if not (isinstance(body, list) and len(body) == 3):
        return False
    arguments, keywords, embedded = body
    return (
        isinstance(arguments, list)
        and len(arguments) == 3
        and isinstance(arguments[0], list)
        and all(isinstance(job_id, int) for job_id in arguments[0])
        and isinstance(arguments[1], int)
        and arguments[2] in set(Mode)
        and keywords == {}
        and isinstance(embedded, dict)
    )
