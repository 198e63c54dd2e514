"""How often the slower tests kill what they watch: 5 times, or as often as ``KILLS`` in the environment says."""

from __future__ import annotations

import os

KILLS = int(os.environ.get("KILLS", "5"))
