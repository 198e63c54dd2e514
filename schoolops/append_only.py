"""Tables that are only ever added to: what stands in them is what happened.

An app declares each beside its model, and ends the migration that makes the table with ``keep(…)``. From the two follow
the grants (a school's role may read and add), the triggers (nobody may change, not even the owner) and the test that
tries every declared table.
"""

from __future__ import annotations

from django.db import migrations

_tables: set[str] = set()

_FORWARD = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
END $$;
DROP TRIGGER IF EXISTS {table}_stays ON {table};
CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change();
DROP TRIGGER IF EXISTS {table}_never_emptied ON {table};
CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
_BACKWARD = """
DROP TRIGGER {table}_never_emptied ON {table};
DROP TRIGGER {table}_stays ON {table};
"""


def declare(table: str) -> None:
    """``table`` (its name in the database, in every school's schema) is append-only."""
    _tables.add(table)


def tables() -> list[str]:
    """Every declared table, by name."""
    return sorted(_tables)


def keep(table: str) -> migrations.RunSQL:
    """The operation of a migration that puts up the triggers of ``table``."""
    return migrations.RunSQL(_FORWARD.format(table=table), _BACKWARD.format(table=table))
