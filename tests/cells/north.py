"""The cell *north*: a PostgreSQL and a Redis of its own beside those of the run, and working for it in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from django.conf import settings
from django.db import connections

from config.env import Environment
from config.settings.base import databases
from schoolops import launcher
from schoolops.tenancy import resolution


@dataclass(frozen=True, slots=True)
class North:
    """Its servers, and what a process is told of it."""

    servers: launcher.Servers

    @property
    def variables(self) -> dict[str, str]:
        return {f"CELL_{name}S": f"north={value}" for name, value in self.servers.environment().items()}

    def command(self, *arguments: str, cell: str = "north") -> list[str]:
        """A program of a process that works for ``cell`` and knows of both."""
        said = self.variables | {"CELL": cell}
        return ["/usr/bin/env", *(f"{name}={value}" for name, value in said.items()), *arguments]

    def entries(self) -> dict[str, dict[str, object]]:
        return databases(Environment(self.servers.environment()))

    @contextmanager
    def known(self) -> Iterator[None]:
        """This process works for home, and knows of north."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(settings, "OTHER_CELLS", {"north": self.entries()})
            patch.setattr(settings, "REDIS_OF_OTHER_CELLS", {"north": self.servers.redis_url})
            yield

    @contextmanager
    def entered(self) -> Iterator[None]:
        """This process works for north, and knows of home; in this thread."""
        home = dict(settings.DATABASES)
        there = {name: home[name] | entry for name, entry in self.entries().items()}
        kept = {name: connections[name] for name in there}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(settings, "CELL", "north")
            patch.setattr(settings, "OTHER_CELLS", {"home": home})
            patch.setattr(settings, "REDIS_OF_OTHER_CELLS", {"home": settings.REDIS_URL})
            patch.setattr(settings, "DATABASES", there)
            for name, entry in there.items():
                patch.setitem(connections.settings, name, entry)
                del connections[name]
            resolution.forget_here()
            try:
                yield
            finally:
                resolution.forget_here()
                for name, wrapper in kept.items():
                    connections[name].close()
                    connections[name] = wrapper
