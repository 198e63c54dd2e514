"""Whether it is the gateway that writes: HMAC-SHA-256 over the moment and the bytes as they came.

The scheme is Stripe's (https://docs.stripe.com/webhooks#verify-manually): ``t=1700000000,v1=hex``, of which there may
be several while a secret is being replaced.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac

from schoolops import clock, problem
from schoolops.errors import Invalid

# Beyond it somebody sends again what they have overheard; clocks differ by less.
TOLERANCE_S = 300
HEADER = "Stripe-Signature"


class SignatureRefused(Invalid):
    """This was not signed by the school's card gateway, or too long ago."""

    code = "gateways:signature-refused"
    remedy = "Compare the signing secret that the gateway shows with the one entered here, and the clocks."


problem.STATUS[SignatureRefused] = (400, "Not signed by the gateway")


def signature(body: bytes, *, secret: str, at: dt.datetime) -> str:
    """The header that goes with ``body``."""
    moment = int(at.timestamp())
    return f"t={moment},v1={_signed(body, secret, moment)}"


def expect_signed(body: bytes, header: str, *, secret: str) -> None:
    """Raises ``SignatureRefused``."""
    said = [part.strip().partition("=") for part in header.split(",")]
    moments = [value for name, _equals, value in said if name == "t" and value.isascii() and value.isdecimal()]
    given = [value for name, _equals, value in said if name == "v1"]
    if len(moments) != 1 or len(moments[0]) > 12 or not secret:
        raise SignatureRefused
    moment = int(moments[0])
    expected = _signed(body, secret, moment).encode()
    # Each of them, and in constant time: how much of one is right is nobody's business.
    right = [hmac.compare_digest(expected, each.encode()) for each in given]
    if not any(right) or abs(clock.machine().timestamp() - moment) > TOLERANCE_S:
        raise SignatureRefused


def _signed(body: bytes, secret: str, moment: int) -> str:
    return hmac.new(secret.encode(), b"%d.%s" % (moment, body), hashlib.sha256).hexdigest()
