"""Where passwords are hashed: the one thing here that keeps a processor busy, so only so many at once.

A hash takes 25 ms of a processor. All web processes of the machine share as many slots as there are processors, and
logins that wait for one hold at most half of a server's threads; beyond that they are told when to come again. The
threads that hash give way to all others: with every processor hashing, a roll would wait three times as long.
"""

from __future__ import annotations

import functools

from django.conf import settings
from django.contrib.auth import hashers

from apps.accounts.models import User
from schoolops.resilience import bulkhead
from schoolops.resilience.bulkhead import Bulkhead
from schoolops.resilience.gently import Gently


@functools.cache
def slots() -> Bulkhead:
    """The slots for hashing on this machine."""
    return bulkhead.of_this_machine(
        "passwords",
        number=settings.PASSWORD_SLOTS or bulkhead.processors(),
        folder=settings.METRICS_FOLDER,
        threads=settings.WEB_THREADS,
        processes=settings.WEB_WORKERS,
        in_turn=True,
    )


# As many as may wait here: no more than hold a slot ever work.
_gently = Gently(settings.WEB_THREADS, name="hashing")


def is_password_of(user: User | None, password: str) -> bool:
    """Whether ``password`` is that of ``user``; takes as long when there is no such user. The caller was admitted.

    Raises:
        Busy: no slot became free.
    """
    renewed: list[str] = []
    with slots().slot():
        if user is None:
            _gently(hashers.make_password, password)
            return False
        right = _gently(
            hashers.check_password,
            password,
            user.password,
            lambda said: renewed.append(hashers.make_password(said)),
        )
    # Hashed with other parameters than today's. Written without the slot, since a row may have to be waited for; and
    # never over a password that was set meanwhile.
    for new in renewed:
        if User.objects.filter(pk=user.pk, password=user.password).update(password=new):
            user.password = new
    return right


def hash_into(user: User, password: str) -> None:
    """Hash ``password`` into ``user``, unsaved. Raises ``Busy``."""
    with slots().admitted(), slots().slot():
        _gently(user.set_password, password)
