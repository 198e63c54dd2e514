"""Who lets the first person into a school. Apps know what a login is; the command that makes schools only asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FirstLogin:
    """The first login of a school. ``link``: by which its owner sets a password, once, until ``until`` (ISO 8601);
    empty, when that was done before, or when it goes to ``mailed_to``."""

    username: str
    link: str
    until: str
    mailed_to: str = ""


class Founder(Protocol):
    """Makes the first login of the current school, or finds it."""

    def __call__(self, *, username: str, email: str, by_mail: bool = False) -> FirstLogin: ...


_founders: list[Founder] = []


def lets_the_first_in(founder: Founder) -> Founder:
    """Register who makes a school's first login. There is one."""
    _founders[:] = [founder]
    return founder


def first_login(*, username: str, email: str, by_mail: bool = False) -> FirstLogin:
    """The first login of the current school; again the same, with a new link while nobody has used one."""
    (founder,) = _founders
    return founder(username=username, email=email, by_mail=by_mail)
