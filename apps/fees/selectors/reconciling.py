"""Whether the books, the bills and the payments of a school say the same: one statement for each question.

Sums are made here anew, in SQL, and shared with nothing that writes: what is wrong there is not wrong here as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.db import connection


@dataclass(frozen=True, slots=True)
class Check:
    """A question to the books. ``sql``: campus, kind, public id or number, where, what should be there, what is."""

    code: str
    sentence: str
    remedy: str
    sql: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as it should be: what it is about, and what to do."""

    code: str
    sentence: str
    campus: str
    kind: str
    id: str
    at: str
    expected: str
    found: str
    remedy: str

    def __str__(self) -> str:
        sides = f"{self.expected or 'nothing'} expected, {self.found or 'nothing'} found"
        return f"{self.campus}: {self.kind} {self.id} {self.at}: {self.sentence} {sides}. {self.remedy}"

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


_BY_HAND = (
    "Find who wrote past the programme (the audit trail and PostgreSQL's log of that day), bring the row back from a "
    "backup, or correct the books by a posting of today that names it."
)
_CHECKS = (
    Check(
        "posted-otherwise",
        "What was posted is not what the document says.",
        _BY_HAND,
        """
        WITH places (method, account) AS (
            VALUES ('cash', 'cash'), ('bank', 'bank'), ('cheque', 'cheques'), ('card', 'cards')
        ), expected AS (
            SELECT institution_id, 'invoice' AS kind, sourced_id AS id, 'issue' AS purpose, 'receivable' AS account,
                   student_id, total AS amount FROM fees_invoice
            UNION ALL
            SELECT institution_id, 'invoice', sourced_id, 'void', 'receivable', student_id, -total
              FROM fees_invoice WHERE state = 'void'
            UNION ALL
            SELECT n.institution_id, 'credit-note', n.sourced_id, 'issue', 'receivable', i.student_id, -n.amount
              FROM fees_creditnote n JOIN fees_invoice i ON i.id = n.invoice_id
            UNION ALL
            SELECT institution_id, 'payment', sourced_id, 'receive', 'credit', student_id, -amount FROM fees_payment
            UNION ALL
            SELECT institution_id, 'payment', sourced_id, 'receive', account, student_id, amount
              FROM fees_payment LEFT JOIN places USING (method)
            UNION ALL
            SELECT p.institution_id, 'payment', p.sourced_id, 'clear', side.account, p.student_id, side.sign * p.amount
              FROM fees_payment p
              JOIN fees_ledgertransaction t
                ON (t.source_kind, t.source_id, t.purpose) = ('payment', p.sourced_id, 'clear')
             CROSS JOIN (VALUES ('bank', 1), ('cheques', -1)) AS side (account, sign)
             WHERE p.method = 'cheque'
            UNION ALL
            SELECT p.institution_id, 'allocation', a.sourced_id, 'allocate', 'credit', p.student_id,
                   CASE WHEN a.released THEN -a.amount ELSE a.amount END
              FROM fees_allocation a JOIN fees_payment p ON p.id = a.payment_id
            UNION ALL
            SELECT i.institution_id, 'allocation', a.sourced_id, 'allocate', 'receivable', i.student_id,
                   CASE WHEN a.released THEN a.amount ELSE -a.amount END
              FROM fees_allocation a JOIN fees_invoice i ON i.id = a.invoice_id
            UNION ALL
            SELECT p.institution_id, 'refund', r.sourced_id, 'give-back', 'credit', p.student_id, r.amount
              FROM fees_refund r JOIN fees_payment p ON p.id = r.payment_id
            UNION ALL
            SELECT p.institution_id, 'refund', r.sourced_id, 'give-back', l.account, p.student_id, -r.amount
              FROM fees_refund r JOIN fees_payment p ON p.id = r.payment_id LEFT JOIN places l ON l.method = r.method
        ), found AS (
            SELECT e.institution_id, t.source_kind AS kind, t.source_id AS id, t.purpose, a.purpose AS account,
                   e.student_id, sum(CASE e.side WHEN 'debit' THEN e.amount ELSE -e.amount END) AS amount
              FROM fees_ledgerentry e
              JOIN fees_ledgertransaction t ON t.id = e.transaction_id
              JOIN fees_account a ON a.id = e.account_id
             WHERE a.purpose IN ('receivable', 'credit')
                OR t.source_kind IN ('payment', 'allocation', 'refund')
             GROUP BY e.institution_id, t.source_kind, t.source_id, t.purpose, a.purpose, e.student_id
        )
        SELECT institution_id, kind, id::text, purpose || ' at ' || account, x.amount, f.amount
          FROM expected x
          FULL JOIN found f USING (institution_id, kind, id, purpose, account, student_id)
         WHERE x.amount IS DISTINCT FROM f.amount
        """,
    ),
    Check(
        "unbalanced",
        "A transaction's legs are not all there, or do not sum to zero.",
        _BY_HAND,
        """
        SELECT t.institution_id, t.source_kind, t.source_id::text, 'transaction ' || t.id, 0::numeric,
               COALESCE(sum(CASE e.side WHEN 'debit' THEN e.amount ELSE -e.amount END), 0)
          FROM fees_ledgertransaction t LEFT JOIN fees_ledgerentry e ON e.transaction_id = t.id
         GROUP BY t.id
        HAVING COALESCE(sum(CASE e.side WHEN 'debit' THEN e.amount ELSE -e.amount END), 0) <> 0
            OR count(e.id) <> t.legs OR bool_or(e.institution_id <> t.institution_id) OR count(DISTINCT e.currency) <> 1
        """,
    ),
    Check(
        "late-fee-otherwise",
        "A late fee is not what was booked as one, or a bill without an item is for nothing that was due.",
        _BY_HAND,
        """
        WITH asked AS (
            SELECT i.institution_id, i.sourced_id AS id, i.total AS amount
              FROM fees_latefee f JOIN fees_invoice i ON i.id = f.invoice_id
        ), booked AS (
            SELECT t.institution_id, t.source_id AS id,
                   sum(CASE e.side WHEN 'credit' THEN e.amount ELSE -e.amount END) AS amount
              FROM fees_ledgerentry e JOIN fees_ledgertransaction t ON t.id = e.transaction_id
              JOIN fees_account a ON a.id = e.account_id
             WHERE a.purpose = 'late-fees' AND t.source_kind = 'invoice' AND t.purpose = 'issue'
               AND EXISTS (SELECT FROM fees_invoice i JOIN fees_invoiceline l ON l.invoice_id = i.id
                            WHERE i.sourced_id = t.source_id AND l.item_id IS NULL)
             GROUP BY t.institution_id, t.source_id
        )
        SELECT institution_id, 'invoice', id::text, 'late fee', a.amount, b.amount
          FROM asked a FULL JOIN booked b USING (institution_id, id) WHERE a.amount IS DISTINCT FROM b.amount
        """,
    ),
    Check(
        "number-missing",
        "A number was given and nothing bears it.",
        "Find who removed it (PostgreSQL's log, the audit trail), and bring the row back from a backup: "
        "docs/how-to/back-up-a-school.md.",
        """
        WITH borne AS (
            SELECT institution_id, 'invoice' AS kind, year, number FROM fees_invoice
            UNION ALL SELECT institution_id, 'credit-note', year, number FROM fees_creditnote
            UNION ALL SELECT institution_id, 'receipt', year, number FROM fees_payment
        ), given AS (
            SELECT s.institution_id, s.kind, s.year, n.number
              FROM fees_series s CROSS JOIN LATERAL generate_series(1, s.last) AS n (number)
        )
        SELECT institution_id, kind, year || '-' || lpad(number::text, 6, '0'), 'in its series',
               count(g.number)::numeric, count(b.number)::numeric
          FROM given g FULL JOIN borne b USING (institution_id, kind, year, number)
         GROUP BY institution_id, kind, year, number HAVING count(g.number) <> 1 OR count(b.number) <> 1
        """,
    ),
    Check(
        "bill-overpaid",
        "A bill is paid and credited above its total, or paid though void, or by a payment that it is not paid by.",
        "Credit notes and payments of this bill say which came last; release what is too much by a reversal.",
        """
        WITH paid AS (
            SELECT invoice_id, payment_id, sum(CASE WHEN released THEN -amount ELSE amount END) AS amount
              FROM fees_allocation GROUP BY invoice_id, payment_id
        ), gone AS (
            SELECT invoice_id, sum(amount) AS amount, min(amount) AS least FROM paid GROUP BY invoice_id
        ), noted AS (
            SELECT invoice_id, sum(amount) AS amount FROM fees_creditnote GROUP BY invoice_id
        )
        SELECT i.institution_id, 'invoice', i.sourced_id::text, i.year || '-' || lpad(i.number::text, 6, '0'),
               CASE i.state WHEN 'void' THEN 0 ELSE i.total END, COALESCE(g.amount, 0) + COALESCE(n.amount, 0)
          FROM fees_invoice i LEFT JOIN gone g ON g.invoice_id = i.id LEFT JOIN noted n ON n.invoice_id = i.id
         WHERE COALESCE(g.amount, 0) + COALESCE(n.amount, 0) > CASE i.state WHEN 'void' THEN 0 ELSE i.total END
            OR g.least < 0
        """,
    ),
    Check(
        "payment-overused",
        "A payment pays bills and went back above what it is.",
        "Its allocations and refunds say which came last; what was given back twice is asked back, and posted by hand.",
        """
        WITH paid AS (
            SELECT payment_id, sum(CASE WHEN released THEN -amount ELSE amount END) AS amount
              FROM fees_allocation GROUP BY payment_id
        ), back AS (
            SELECT payment_id, sum(amount) AS amount FROM fees_refund GROUP BY payment_id
        )
        SELECT p.institution_id, 'payment', p.sourced_id::text, p.year || '-' || lpad(p.number::text, 6, '0'), p.amount,
               COALESCE(a.amount, 0) + COALESCE(b.amount, 0)
          FROM fees_payment p LEFT JOIN paid a ON a.payment_id = p.id LEFT JOIN back b ON b.payment_id = p.id
         WHERE COALESCE(a.amount, 0) + COALESCE(b.amount, 0) > p.amount
        """,
    ),
    Check(
        "bill-does-not-add-up",
        "The lines or the instalments of a bill do not come to its total.",
        _BY_HAND,
        """
        SELECT i.institution_id, 'invoice', i.sourced_id::text, i.year || '-' || lpad(i.number::text, 6, '0'), i.total,
               CASE WHEN l.amount IS DISTINCT FROM i.total THEN l.amount ELSE d.amount END
          FROM fees_invoice i
          LEFT JOIN (SELECT invoice_id, sum(CASE WHEN concession_id IS NULL THEN amount ELSE -amount END) AS amount
                       FROM fees_invoiceline GROUP BY invoice_id) l ON l.invoice_id = i.id
          LEFT JOIN (SELECT invoice_id, sum(amount) AS amount FROM fees_instalment GROUP BY invoice_id) d
            ON d.invoice_id = i.id
         WHERE l.amount IS DISTINCT FROM i.total OR d.amount IS DISTINCT FROM i.total
        """,
    ),
    Check(
        "another-currency",
        "This is not in the currency of its campus.",
        _BY_HAND,
        """
        SELECT r.institution_id, r.kind, r.id::text, r.currency || ' for ' || c.currency, NULL::numeric, r.amount
          FROM (SELECT institution_id, 'invoice' AS kind, sourced_id AS id, currency, total AS amount FROM fees_invoice
                UNION ALL SELECT institution_id, 'credit-note', sourced_id, currency, amount FROM fees_creditnote
                UNION ALL SELECT institution_id, 'payment', sourced_id, currency, amount FROM fees_payment
                UNION ALL SELECT p.institution_id, 'allocation', a.sourced_id, a.currency, a.amount
                            FROM fees_allocation a JOIN fees_payment p ON p.id = a.payment_id
                UNION ALL SELECT p.institution_id, 'refund', r.sourced_id, r.currency, r.amount
                            FROM fees_refund r JOIN fees_payment p ON p.id = r.payment_id) r
          JOIN institutions_institution c ON c.id = r.institution_id WHERE r.currency <> c.currency
        """,
    ),
    Check(
        "card-booked-otherwise",
        "What the card gateway says came in and stayed is not what is booked of it.",
        "Look at the payment in the gateway's own list. Booked twice: give it back or post a correction; not at all: "
        "manage.py reconcile_fees --ask-gateway books what is missing; docs/runbooks/card-gateway-away.md.",
        """
        WITH there AS (
            SELECT institution_id, reference, sourced_id, received - returned AS amount
              FROM fees_paymentintent WHERE reference <> ''
        ), back AS (
            SELECT payment_id, sum(amount) AS amount FROM fees_refund WHERE method = 'card' GROUP BY payment_id
        ), here AS (
            SELECT p.institution_id, p.reference, sum(p.amount - COALESCE(b.amount, 0)) AS amount
              FROM fees_payment p LEFT JOIN back b ON b.payment_id = p.id
             WHERE p.method = 'card' AND p.by_id IS NULL GROUP BY p.institution_id, p.reference
        )
        SELECT institution_id, 'card-payment', COALESCE(t.sourced_id::text, reference), reference, t.amount, h.amount
          FROM there t FULL JOIN here h USING (institution_id, reference)
         WHERE COALESCE(t.amount, 0) <> COALESCE(h.amount, 0) OR t.reference IS NULL
        """,
    ),
    Check(
        "card-not-booked",
        "The card gateway wrote of this payment, and nobody has asked it what became of it.",
        "manage.py dead_letters list --school SLUG says why its job did not end; retry it.",
        """
        SELECT i.institution_id, 'card-payment', i.sourced_id::text, e.kind || ' ' || e.event, i.amount, i.received
          FROM fees_gatewayevent e JOIN fees_paymentintent i ON i.id = e.intent_id
         WHERE e.worked_at IS NULL AND e.at < clock_timestamp() - interval '1 hour'
        """,
    ),
)


def differences() -> Iterator[Difference]:
    """What is not as it should be at the school that is current, each question asked of one moment."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, name FROM institutions_institution")
        campuses = dict(cursor.fetchall())
        for check in _CHECKS:
            cursor.execute(check.sql)
            for campus, kind, key, where, expected, found in sorted(cursor.fetchall(), key=lambda row: row[:4]):
                yield Difference(
                    code=check.code,
                    sentence=check.sentence,
                    campus=campuses.get(campus, ""),
                    kind=kind,
                    id=key,
                    at=where,
                    expected=_said(expected),
                    found=_said(found),
                    remedy=check.remedy,
                )


def _said(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount.normalize():f}"


def reconciled() -> dict[str, Any]:
    """How much was looked at, so that a report of no differences says over what."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM fees_ledgerentry), (SELECT count(*) FROM fees_invoice),"
            " (SELECT count(*) FROM fees_payment)"
        )
        entries, invoices, payments = cursor.fetchone()
    return {"entries": entries, "invoices": invoices, "payments": payments}
