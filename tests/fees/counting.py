"""What stands in a school's tables about money, by the login that owns them; and what can be planted there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql

SIGNED = "CASE e.side WHEN 'debit' THEN e.amount ELSE -e.amount END"
STANDS = "CASE WHEN a.released THEN -a.amount ELSE a.amount END"
# Whatever is counted here is nothing where all is well.
COUNTS = {
    "billed_twice": """
        SELECT count(*) FROM (
            SELECT 1 FROM fees_invoiceline WHERE standing AND concession_id IS NULL
             GROUP BY student_id, term_id, item_id, part HAVING count(*) > 1) twice
    """,
    "ledger_differences": f"""
        SELECT (SELECT count(*) FROM (
                    SELECT 1 FROM fees_ledgerentry e GROUP BY e.transaction_id HAVING sum({SIGNED}) <> 0) unbalanced)
             + (SELECT count(*) FROM (
                    SELECT source_kind, source_id, lower(memo) FROM fees_ledgertransaction
                     WHERE source_kind <> 'by-hand' GROUP BY 1, 2, 3 HAVING count(*) > 1) twice)
             + (SELECT count(*) FROM fees_ledgertransaction t
                 WHERE t.source_kind IN ('invoice', 'credit-note', 'payment', 'allocation', 'refund')
                   AND NOT EXISTS (SELECT FROM fees_invoice d WHERE d.sourced_id = t.source_id)
                   AND NOT EXISTS (SELECT FROM fees_creditnote d WHERE d.sourced_id = t.source_id)
                   AND NOT EXISTS (SELECT FROM fees_payment d WHERE d.sourced_id = t.source_id)
                   AND NOT EXISTS (SELECT FROM fees_allocation d WHERE d.sourced_id = t.source_id)
                   AND NOT EXISTS (SELECT FROM fees_refund d WHERE d.sourced_id = t.source_id))
    """,
    "duplicate_receipts": """
        SELECT count(*) FROM (
            SELECT 1 FROM fees_payment GROUP BY institution_id, year, number HAVING count(*) > 1
            UNION ALL
            SELECT 1 FROM fees_payment WHERE by_id IS NULL GROUP BY reference HAVING count(*) > 1) twice
    """,
    "number_gaps": """
        SELECT COALESCE(sum(most - many), 0)::bigint FROM (
            SELECT GREATEST(max(number), (
                       SELECT s.last FROM fees_series s
                        WHERE (s.institution_id, s.kind, s.year) = (n.institution_id, n.kind, n.year))) AS most,
                   count(*) AS many
              FROM (SELECT institution_id, year, number, 'invoice' AS kind FROM fees_invoice
                    UNION ALL SELECT institution_id, year, number, 'credit-note' FROM fees_creditnote
                    UNION ALL SELECT institution_id, year, number, 'receipt' FROM fees_payment) n
             GROUP BY n.institution_id, n.kind, n.year) kinds
    """,
    # What families owe and have paid ahead, and the money that is there: as documents say, less as the books say.
    "cents_off": f"""
        SELECT (100 * sum(abs(said.amount - COALESCE(booked.amount, 0))))::bigint
          FROM (SELECT 'receivable' AS purpose,
                       (SELECT COALESCE(sum(total), 0) FROM fees_invoice WHERE state = 'issued')
                       - (SELECT COALESCE(sum(amount), 0) FROM fees_creditnote)
                       - (SELECT COALESCE(sum({STANDS}), 0) FROM fees_allocation a) AS amount
                UNION ALL
                SELECT 'credit', (SELECT COALESCE(sum({STANDS}), 0) FROM fees_allocation a)
                       + (SELECT COALESCE(sum(amount), 0) FROM fees_refund)
                       - (SELECT COALESCE(sum(amount), 0) FROM fees_payment)
                UNION ALL
                SELECT 'money', (SELECT COALESCE(sum(amount), 0) FROM fees_payment)
                       - (SELECT COALESCE(sum(amount), 0) FROM fees_refund)) said
          LEFT JOIN (SELECT CASE WHEN c.purpose IN ('receivable', 'credit') THEN c.purpose ELSE 'money' END AS purpose,
                            sum({SIGNED}) AS amount
                       FROM fees_ledgerentry e JOIN fees_account c ON c.id = e.account_id
                      WHERE c.purpose IN ('receivable', 'credit', 'cash', 'bank', 'cheques', 'cards')
                      GROUP BY 1) booked USING (purpose)
    """,
}
# What only somebody with every right can do, each with what undoes it.
PLANTED = {
    "an entry raised by a cent": (
        ["UPDATE fees_ledgerentry SET amount = amount + 0.01 WHERE id = (SELECT max(id) FROM fees_ledgerentry)"],
        ["UPDATE fees_ledgerentry SET amount = amount - 0.01 WHERE id = (SELECT max(id) FROM fees_ledgerentry)"],
    ),
    "a receipt removed": (
        [
            (
                "CREATE TABLE kept AS SELECT * FROM fees_payment p WHERE NOT EXISTS ("
                "SELECT FROM fees_allocation a WHERE a.payment_id = p.id) AND NOT EXISTS ("
                "SELECT FROM fees_refund r WHERE r.payment_id = p.id) LIMIT 1"
            ),
            "DELETE FROM fees_payment WHERE id IN (SELECT id FROM kept)",
        ],
        ["INSERT INTO fees_payment SELECT * FROM kept", "DROP TABLE kept"],
    ),
    "a webhook posted twice": (
        [
            "CREATE TABLE kept AS SELECT * FROM fees_payment WHERE by_id IS NULL ORDER BY id LIMIT 1",
            "UPDATE fees_series SET last = last + 1 WHERE kind = 'receipt' AND year = (SELECT year FROM kept)",
            (
                "INSERT INTO fees_payment (sourced_id, institution_id, student_id, guardian_id, year, number, method,"
                " amount, currency, day, reference, paid_by, at)"
                " SELECT gen_random_uuid(), k.institution_id, student_id, guardian_id, k.year, s.last,"
                " method, amount, currency, day, reference, 'twice', at FROM kept k"
                " JOIN fees_series s ON s.kind = 'receipt' AND s.year = k.year AND s.institution_id = k.institution_id"
            ),
            (
                "INSERT INTO fees_ledgertransaction (institution_id, day, source_kind, source_id, purpose, memo, legs,"
                " at) SELECT t.institution_id, t.day, source_kind, (SELECT sourced_id FROM fees_payment WHERE paid_by ="
                " 'twice'), purpose, 'twice', legs, t.at FROM fees_ledgertransaction t JOIN kept k"
                " ON k.sourced_id = t.source_id WHERE t.purpose = 'receive'"
            ),
            (
                "INSERT INTO fees_ledgerentry (transaction_id, institution_id, account_id, side, amount, currency,"
                " student_id) SELECT (SELECT id FROM fees_ledgertransaction WHERE memo = 'twice'), e.institution_id,"
                " account_id, side, e.amount, e.currency, e.student_id FROM fees_ledgerentry e"
                " JOIN fees_ledgertransaction t ON t.id = e.transaction_id JOIN kept k ON k.sourced_id = t.source_id"
                " WHERE t.purpose = 'receive' AND t.source_kind = 'payment'"
            ),
        ],
        [
            (
                "DELETE FROM fees_ledgerentry WHERE transaction_id ="
                " (SELECT id FROM fees_ledgertransaction WHERE memo = 'twice')"
            ),
            "DELETE FROM fees_ledgertransaction WHERE memo = 'twice'",
            "DELETE FROM fees_payment WHERE paid_by = 'twice'",
            "UPDATE fees_series SET last = last - 1 WHERE kind = 'receipt' AND year = (SELECT year FROM kept)",
            "DROP TABLE kept",
        ],
    ),
    "a posting made twice": (
        [
            "CREATE TABLE kept AS SELECT * FROM fees_ledgertransaction WHERE source_kind = 'payment' LIMIT 1",
            (
                "INSERT INTO fees_ledgertransaction (institution_id, day, source_kind, source_id, purpose, memo, legs,"
                " by_id, at) SELECT institution_id, day, source_kind, source_id, 'again', memo, legs, by_id, at"
                " FROM kept"
            ),
            (
                "INSERT INTO fees_ledgerentry (transaction_id, institution_id, account_id, side, amount, currency,"
                " student_id) SELECT (SELECT id FROM fees_ledgertransaction WHERE purpose = 'again'), institution_id,"
                " account_id, side, amount, currency, student_id FROM fees_ledgerentry"
                " WHERE transaction_id = (SELECT id FROM kept)"
            ),
        ],
        [
            (
                "DELETE FROM fees_ledgerentry WHERE transaction_id ="
                " (SELECT id FROM fees_ledgertransaction WHERE purpose = 'again')"
            ),
            "DELETE FROM fees_ledgertransaction WHERE purpose = 'again'",
            "DROP TABLE kept",
        ],
    ),
}
_GUARDED = ("fees_ledgerentry", "fees_ledgertransaction", "fees_payment", "fees_series")


class Books:
    """The tables of one school."""

    def __init__(self, admin_url: str, slug: str) -> None:
        self._url = admin_url
        with psycopg.connect(admin_url, autocommit=True) as connection:
            found = connection.execute("SELECT schema_name FROM tenancy_school WHERE slug = %s", [slug]).fetchone()
        assert found is not None
        self.schema = str(found[0])

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(self.schema)))
            answered = connection.execute(query.encode(), values or None)
            return answered.fetchall() if answered.description else []

    def number(self, query: str, *values: Any) -> int:
        return int(self.rows(query, *values)[0][0])

    def counted(self) -> dict[str, int]:
        """Whatever is wrong, and how often."""
        return {name: self.number(query) for name, query in COUNTS.items()}

    def without_guards(self, statements: Sequence[str]) -> None:
        """Past every trigger."""
        for table in _GUARDED:
            self.rows(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        try:
            for statement in statements:
                self.rows(statement)
        finally:
            for table in _GUARDED:
                self.rows(f"ALTER TABLE {table} ENABLE TRIGGER USER")
