"""Which schools do not have the indexes that are declared: asked of all at once, and remembered for a minute.

A page that was fast waits without one, and nobody sees why.
"""

from __future__ import annotations

import hashlib
import time
from typing import Final

from django.db import connection

from schoolops.context import outside_schools
from schoolops.indexes import registry

REMEMBERED_S: Final = 60.0
# Of each school that is made: what its usable indexes of ours are called and were made from, in order of name.
_MARKS: Final = """
SELECT s.slug FROM public.tenancy_school s LEFT JOIN (
    SELECT n.nspname, md5(string_agg(c.relname || d.description, ',' ORDER BY c.relname COLLATE "C")) AS marks
      FROM pg_description d JOIN pg_class c ON c.oid = d.objoid JOIN pg_index i ON i.indexrelid = c.oid
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE d.classoid = 'pg_class'::regclass AND d.objsubid = 0 AND i.indisvalid
       AND starts_with(d.description, %s) AND starts_with(n.nspname, 'school_')
     GROUP BY 1) AS found ON found.nspname = s.schema_name
 WHERE s.state NOT IN ('creating', 'moved') AND found.marks IS DISTINCT FROM %s ORDER BY s.slug"""
_last: tuple[float, list[str]] | None = None


def forget() -> None:
    """Forget the last answer (tests)."""
    global _last
    _last = None


def drifted() -> list[str]:
    """Slugs of the schools whose indexes are not as declared, at most a minute old."""
    global _last
    if _last is None or time.monotonic() - _last[0] > REMEMBERED_S:
        specs = sorted(registry.school_indexes(), key=lambda spec: spec.name)
        wanted = hashlib.md5(",".join(spec.name + spec.mark for spec in specs).encode(), usedforsecurity=False)
        with outside_schools(), connection.cursor() as cursor:
            cursor.execute(_MARKS, [registry.MARK, wanted.hexdigest()])
            _last = (time.monotonic(), [slug for (slug,) in cursor.fetchall()])
    return _last[1]
