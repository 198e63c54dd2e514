"""What selectors remember: request-local first, Redis second, the database always right.

An entry is declared once, in an app's ``caches.py``::

    DAILY_SHEET = CacheEntry("attendance-daily", tuple[SheetRow, ...], ttl_s=1 * MINUTE)

read by a selector (``DAILY_SHEET.get(section_id, day, load=…)``) and forgotten by a subscriber
(``DAILY_SHEET.forget(section_id, day)``).
"""

from __future__ import annotations

from schoolops.cache.entry import HOUR, MINUTE, CacheEntry, declared_entries
from schoolops.cache.local import request_cache

__all__ = ["HOUR", "MINUTE", "CacheEntry", "declared_entries", "request_cache"]
