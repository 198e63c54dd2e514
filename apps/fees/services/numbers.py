"""Numbers without gaps: of a kind, a campus and a year, each given in the transaction that writes what it numbers.

Two who need one at once wait for each other: the second has the next number, or the same one if the first is undone.
"""

from __future__ import annotations

from django.db import connection

from apps.institutions.models import Institution

_NEXT = """
INSERT INTO fees_series AS s (institution_id, kind, year, last) VALUES (%s, %s, %s, %s)
ON CONFLICT (institution_id, kind, year) DO UPDATE SET last = s.last + excluded.last RETURNING s.last
"""


def next_numbers(institution: Institution, kind: str, year: int, many: int = 1) -> range:
    """The next ``many`` numbers. Held until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [institution.pk, kind, year, many])
        (last,) = cursor.fetchone()
    return range(last - many + 1, last + 1)
