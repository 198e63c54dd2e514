"""When somebody who was refused for want of room is to come again, signed, so that the place is theirs when they come.

Nothing is stored: the appointment is a cookie that comes back, and whoever has one goes before those who have none.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from typing import Final

from django.conf import settings

from schoolops import clock

COOKIE: Final = "so_appointment"
# Who comes later has lost their place; who comes earlier has not waited.
KEPT_S: Final = 30.0
EARLY_S: Final = 0.25
_LONGEST: Final = 64


def made(name: str, *, whom: str, in_s: float) -> str:
    """An appointment at the bulkhead ``name`` for ``whom`` (an address), so many seconds from now."""
    due = str(math.ceil((_moment() + in_s) * 1000))
    return f"{due}.{_mark(name, whom, due)}"


def is_kept(name: str, *, whom: str, said: str) -> bool:
    """Whether ``said`` is an appointment of ours for ``whom`` whose time has come and not passed."""
    due, _, mark = said.partition(".")
    if len(said) > _LONGEST or not hmac.compare_digest(mark.encode(), _mark(name, whom, due).encode()):
        return False
    late_s = _moment() - int(due) / 1000
    return -EARLY_S <= late_s <= KEPT_S


def _moment() -> float:
    return clock.now().timestamp()


def _mark(name: str, whom: str, due: str) -> str:
    said = f"{name}\0{whom}\0{due}".encode()
    key = b"schoolops.resilience.appointments\0" + settings.SECRET_KEY.encode()
    return hmac.digest(key, said, hashlib.sha256).hex()[:32]
