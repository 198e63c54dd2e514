"""``BASE_URL``: an installation that runs already. With it set, no tool of ours starts anything."""

from __future__ import annotations

import os
import sys


def refuse_base_url(reason: str) -> None:
    """Exit with 2 and ``reason`` when ``BASE_URL`` is set: this tool cannot do its work from outside."""
    if base_url := os.environ.get("BASE_URL"):
        sys.stderr.write(f"Not against {base_url}: {reason} Unset BASE_URL; nothing was started.\n")
        sys.exit(2)
