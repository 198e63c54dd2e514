"""Text messages, by a gateway that settings describe, behind a circuit; in a demo without one they go to the log.

The address is the operators' alone: nothing that a school or a person enters leads to another. It is asked over one
connection that is kept, redirects are not followed, and an answer is read up to a few kilobytes.
"""

from __future__ import annotations

import http.client
import json
import logging
import re
import select
import ssl
from collections.abc import Mapping
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from django.conf import settings

from schoolops.errors import Unavailable
from schoolops.resilience.breaker import Breaker, BreakerOpen, Limits
from schoolops.resilience.outside import expect_no_transaction

log = logging.getLogger("schoolops.sms")
_NAMED = re.compile(r"\{(to|text|key|callback)\}")
_LONGEST_ANSWER = 16 * 1024
_TIMEOUT_S = 10
# Certainly not taken: too many, closed for now, or a key of ours that is not accepted, which is no message's fault.
_NOT_NOW = frozenset({401, 403, 408, 425, 429, 503})


class GatewayUnavailable(Unavailable):
    """The SMS gateway does not answer.

    ``sent``: ``"no"`` for certain, or ``"unknown"`` where it was spoken to and gave no answer.
    """

    sent: Literal["no", "unknown"] = "unknown"
    code = "resilience:sms-unavailable"
    retry_after = 60
    remedy = "Text messages wait and are tried again. If it stays, look at SMS_URL and at the gateway."


class GatewayRefused(Exception):
    """The gateway does not take this message, and says why."""


circuit: Final = Breaker(
    "sms",
    counts=(GatewayUnavailable,),
    limits=Limits(failures=5, slow_s=5.0, reset_s=5.0, reset_cap_s=60.0, probe_s=30.0),
)


def _away(sent: Literal["no", "unknown"], *, retry_after: int | None = None) -> GatewayUnavailable:
    error = GatewayUnavailable(retry_after=retry_after) if retry_after else GatewayUnavailable()
    error.sent = sent
    return error


def filled(shape: Any, said: Mapping[str, str]) -> Any:
    """``shape``, of JSON, with ``{to}``, ``{text}``, ``{key}``, ``{callback}`` in its texts replaced."""
    match shape:
        case dict():
            return {name: filled(part, said) for name, part in shape.items()}
        case list():
            return [filled(part, said) for part in shape]
        case str():
            return _NAMED.sub(lambda found: said.get(found[1], found[0]), shape)
    return shape


class Gateway:
    """A connection to the gateway that stays open while texts are handed over."""

    def __init__(self) -> None:
        self._url = urlsplit(settings.SMS_URL)
        self._connection: http.client.HTTPConnection | None = None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def send(self, *, to: str, text: str, key: str, callback: str) -> str:
        """Hand a text over, once; returns what the gateway calls it, or nothing.

        Args:
            to: E.164.
            key: the same at every try, and what a delivery report names.
            callback: where delivery reports of it are taken.

        Raises:
            GatewayRefused: it does not take it. GatewayUnavailable. CalledInTransaction.
        """
        expect_no_transaction("A text was to be sent")
        if not settings.SMS_URL:
            if not settings.SMS_LOGGED:
                raise GatewayRefused("no gateway for text messages is set up (SMS_URL)")
            log.info("sms to %s: %s", to, text)
            return f"sandbox-{key}"
        try:
            return circuit.call(self._posted, {"to": to, "text": text, "key": key, "callback": callback})
        except BreakerOpen as refusal:
            raise _away("no", retry_after=max(1, round(refusal.retry_after_s))) from refusal

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is not None:
            # What speaks unasked has hung up.
            if not select.select([self._connection.sock], [], [], 0)[0]:
                return self._connection
            self.close()
        port = self._url.port
        host = self._url.hostname or ""
        found: http.client.HTTPConnection
        if self._url.scheme == "https":
            context = ssl.create_default_context()
            found = http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_S, context=context)
        else:
            found = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
        try:
            found.connect()
        except OSError as away:
            raise _away("no") from away
        self._connection = found
        return found

    def _posted(self, said: Mapping[str, str]) -> str:
        body = json.dumps(filled(settings.SMS_BODY, said)).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": said["key"], **settings.SMS_HEADERS}
        connection = self._connected()
        path = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        try:
            connection.request("POST", path, body=body, headers=headers)
            answer = connection.getresponse()
            content = answer.read(_LONGEST_ANSWER)
        except (OSError, http.client.HTTPException) as away:
            self.close()
            raise _away("unknown") from away
        if not answer.isclosed() or answer.will_close:
            self.close()
        if answer.status in _NOT_NOW:
            raise _away("no")
        if 400 <= answer.status < 500:
            raise GatewayRefused(f"{answer.status} {content[:120].decode(errors='replace')}")
        if not 200 <= answer.status < 300:
            raise _away("unknown")
        return _reference(content)


def _reference(content: bytes) -> str:
    """What stands at ``SMS_REFERENCE`` in the gateway's answer."""
    try:
        found: Any = json.loads(content)
        for part in filter(None, settings.SMS_REFERENCE.split(".")):
            found = found[int(part)] if isinstance(found, list) else found[part]
    except (ValueError, KeyError, IndexError, TypeError):
        return ""
    return str(found)[:120] if isinstance(found, str | int) else ""
