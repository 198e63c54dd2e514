"""Everything the catalogues know of a schema, to compare one school with another."""

from __future__ import annotations

import re
from typing import Any

import psycopg

SHAPE = {
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text,
               a.attgenerated::text, pg_get_expr(d.adbin, d.adrelid), co.collname
          FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
          LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
          LEFT JOIN pg_collation co ON co.oid = a.attcollation
         WHERE c.relnamespace = %s::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0
           AND NOT a.attisdropped""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, contype::text, condeferrable, condeferred, convalidated,
               pg_get_constraintdef(oid)
          FROM pg_constraint WHERE connamespace = %s::regnamespace""",
    "indexes": """
        SELECT c.relname, pg_get_indexdef(i.indexrelid), i.indisunique, i.indisprimary, i.indisvalid
          FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = %s::regnamespace""",
    "triggers": """
        SELECT t.tgname, pg_get_triggerdef(t.oid), t.tgenabled::text FROM pg_trigger t
          JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = %s::regnamespace AND NOT t.tgisinternal""",
    "functions": """
        SELECT p.proname, pg_get_functiondef(p.oid) FROM pg_proc p WHERE p.pronamespace = %s::regnamespace""",
    "sequences": """
        SELECT c.relname, s.seqtypid::regtype::text, s.seqstart, s.seqincrement, s.seqcycle FROM pg_sequence s
          JOIN pg_class c ON c.oid = s.seqrelid WHERE c.relnamespace = %s::regnamespace""",
    "types": """
        SELECT typname, typtype::text FROM pg_type WHERE typnamespace = %s::regnamespace AND typtype IN ('e', 'd')""",
}
CASTS = re.compile(r"::(?:text|character varying)(?:\[\])?|[()]")


def shape_of(owning: psycopg.Connection[Any], schema: str) -> dict[str, set[tuple[Any, ...]]]:
    """Everything the catalogues know of a schema, without its name.

    PostgreSQL writes the casts of ``state IN ('a', 'b')`` differently once it has been dumped and read again, so they
    are left out, with the brackets around them.
    """

    def nameless(row: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(CASTS.sub("", each.replace(schema, "SCHEMA")) if isinstance(each, str) else each for each in row)

    return {
        part: {nameless(row) for row in owning.execute(query, [schema]).fetchall()} for part, query in SHAPE.items()
    }
