"""Who has what may stand once, while many rows are written at once as if one after the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import Any

from django.db.models import CharField, Model, Value
from django.db.models.functions import Cast, Concat

# What frees a text that stands once, and is nobody's: for rows with a public id.
NOBODYS = Concat(Value("~"), Cast("sourced_id", CharField()))


def who(row: Model) -> int:
    """The key of a row; of one that is yet to be written a negative number, which is nobody's key."""
    key: int | None = row.pk
    return -id(row) if key is None else key


class Holders:
    """Who has which number or login.

    What one row lets go, a later one may take. The database, which looks at each row as it writes it and in an order of
    its own, would refuse that: ``let_go`` frees first what is passed on.
    """

    def __init__(self, held: Iterable[tuple[Hashable, int]] = ()) -> None:
        self._have: defaultdict[Hashable, set[int]] = defaultdict(set)
        self._had: defaultdict[Hashable, set[int]] = defaultdict(set)
        self._pass_on: set[int] = set()
        for what, key in held:
            self._have[what].add(key)

    def another_has(self, what: Hashable, row: Model) -> bool:
        """Whether somebody else than ``row`` has it."""
        return bool(self._have[what] - {who(row)})

    def give(self, row: Model, was: Hashable | None, now: Hashable | None) -> None:
        """From here on ``row`` has ``now`` instead of ``was``; ``None``: nothing."""
        if was == now:
            return
        if was is not None:
            self._have[was].discard(who(row))
            self._had[was].add(who(row))
        if now is not None:
            self._have[now].add(who(row))
            self._pass_on |= self._had[now]

    def let_go(self, model: type[Model], **free: Any) -> None:
        """Free in the database what is passed on: ``free`` is what stands there meanwhile. At most one statement."""
        if self._pass_on:
            model._default_manager.filter(pk__in=self._pass_on).update(**free)
