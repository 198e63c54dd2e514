"""Servers of a benchmark's own, and Django set up on them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.env import VARIABLES
from schoolops import launcher


@contextmanager
def on_servers(
    settings: str = "benchmarks.pages.settings", *, profile: launcher.Profile = launcher.THROWAWAY, **variables: str
) -> Iterator[None]:
    """Django in this process under ``settings``, with ``variables`` on top of the defaults; all is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="schoolops-bench-") as name:
        folder = Path(name)
        with launcher.start(profile, folder / "servers") as servers:
            os.environ |= {variable.name: variable.default for variable in VARIABLES}
            os.environ |= {
                **servers.environment(),
                "DJANGO_SETTINGS_MODULE": settings,
                "MEDIA_ROOT": str(folder / "media"),
                "LOG_LEVEL": "ERROR",
                **variables,
            }
            import django

            django.setup()
            yield
