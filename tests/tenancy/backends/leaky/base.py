"""The engine with its wall taken down: what the soak test must find."""

from __future__ import annotations

from typing import ClassVar

from schoolops import context
from schoolops.tenancy.backend import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Work that has chosen no school stays where the connection was left, under a login that may read every school."""

    strict: ClassVar[bool] = False
    sets_role: ClassVar[bool] = False

    def move(self) -> None:
        if context.place() is not None or self._remembered is None:
            super().move()
