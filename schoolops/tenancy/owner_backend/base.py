"""The engine behind the ``admin`` alias: same rules, but the owner keeps its own role."""

from __future__ import annotations

from typing import ClassVar

from schoolops.tenancy.backend import base


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection of the provisioning login. Migrations and provisioning use it, requests never."""

    sets_role: ClassVar[bool] = False
