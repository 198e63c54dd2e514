"""``BASE_URL``: an installation that runs already; with it set no tool of ours starts anything. And whose figures."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil


def refuse_base_url(reason: str) -> None:
    """Exit with 2 and ``reason`` when ``BASE_URL`` is set: this tool cannot do its work from outside."""
    if base_url := os.environ.get("BASE_URL"):
        sys.stderr.write(f"Not against {base_url}: {reason} Unset BASE_URL; nothing was started.\n")
        sys.exit(2)


def machine() -> str:
    """Whose figures these are."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "processors")
    return f"{os.cpu_count()} × {model}, {psutil.virtual_memory().total / 2**30:.0f} GiB"
