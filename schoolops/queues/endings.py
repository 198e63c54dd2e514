"""What the ledger keeps under a school's short name, and forgets when the name is another school's."""

from __future__ import annotations

from django.db import connection

from schoolops.tenancy.endings import ends_with_a_school

# Not what operators did: that is their own log.
_KEPT = ("job", "deadletter", "attempt", "oncekey", "outcome", "rememberedanswer", "backlog")


@ends_with_a_school
def forget_everything_of(slug: str) -> None:
    """Delete jobs, letters, tries, keys, outcomes and kept answers of ``slug``, outside schools."""
    with connection.cursor() as cursor:
        for table in _KEPT:
            cursor.execute(f"DELETE FROM queues_{table} WHERE school = %s", [slug])  # noqa: S608 - our own names
