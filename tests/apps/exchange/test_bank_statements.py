"""A bank's file is read once, whatever the bank calls its columns; a person confirms whose money it is."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import TestCase

from apps.access.errors import PermissionMissing
from apps.accounts.models import User
from apps.exchange import services as exchange
from apps.exchange.errors import BankFileUnknown
from apps.exchange.tasks import clear_old_imports
from apps.fees import errors, selectors, services
from apps.fees.models import Account, BankLine, BankStatement, Invoice, LedgerEntry, Payment
from apps.fees.selectors.bank import numbers_in
from apps.fees.selectors.reconciling import differences
from apps.institutions.models import Institution
from apps.students.models import Guardian
from apps.students.services import withdraw_student
from schoolops.copies import persons
from schoolops.money import CurrencyDiffers
from tests.factories import money, people
from tests.factories.people import SCHOOL_DAY, Campus
from tests.support.kept import kept

DAY = SCHOOL_DAY - dt.timedelta(days=1)
HEADER = "Booking date,Amount,Currency,Payer,Details,Transaction ID"


@pytest.fixture
@kept
def anton(campus: Campus) -> User:
    return people.a_user("anton", role="accountant")


@pytest.fixture
@kept
def chart(campus: Campus) -> dict[str, Account]:
    return money.a_chart(campus.institution)


@pytest.fixture
@kept
def bills(campus: Campus, chart: dict[str, Account], anton: User) -> list[Invoice]:
    """Everybody of 7 B is billed twelve hundred, in two parts."""
    money.an_item(campus, by=anton)
    return money.billed(campus, by=anton, due_on=(SCHOOL_DAY, SCHOOL_DAY + dt.timedelta(days=60)))


def sent(campus: Campus, content: str | bytes, *, by: User, name: str = "bank.csv") -> BankStatement:
    """A file that was sent and read."""
    raw = content if isinstance(content, bytes) else content.encode()
    row = exchange.receive_statement(institution=campus.institution, file=io.BytesIO(raw), name=name, by=by)
    return row if row.state == "read" else exchange.read_statement(row)


def csv_of(*rows: tuple[str, str, str, str, str, str], header: str = HEADER) -> str:
    return "\n".join([header, *(",".join(row) for row in rows)]) + "\n"


def a_row(
    amount: str, text: str, *, payer: str = "", ref: str = "", currency: str = "GBP", day: dt.date = DAY
) -> tuple[str, str, str, str, str, str]:
    return (day.isoformat(), amount, currency, payer, text, ref)


def camt(*entries: str, head: str = "") -> str:
    """A camt.053 statement with these entries."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
        "<BkToCstmrStmt><GrpHdr><MsgId>1</MsgId><CreDtTm>2026-11-03T00:00:00</CreDtTm></GrpHdr><Stmt><Id>1</Id>"
        "<Acct><Id><IBAN>GB33BUKB20201555555555</IBAN></Id></Acct>" + "".join(entries) + "</Stmt></BkToCstmrStmt>"
        "</Document>"
    )


def an_entry(
    amount: str,
    *details: tuple[str, str, str],
    side: str = "CRDT",
    status: str = "<Cd>BOOK</Cd>",
    ref: str = "R1",
    currency: str = "GBP",
    more: str = "",
) -> str:
    """An entry with (amount, payer, text) of each payment in it."""
    parts = "".join(
        f'<TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><Amt Ccy="{currency}">{part}</Amt>'
        f"<CdtDbtInd>{side}</CdtDbtInd><RltdPties><Dbtr><Pty><Nm>{payer}</Nm></Pty></Dbtr></RltdPties>"
        f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls>"
        for part, payer, text in details
    )
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>{more}<Sts>{status}</Sts>'
        f"<BookgDt><Dt>{DAY.isoformat()}</Dt></BookgDt><AcctSvcrRef>{ref}</AcctSvcrRef>"
        f"<NtryDtls>{parts}</NtryDtls></Ntry>"
    )


def lines() -> list[BankLine]:
    return list(BankLine.objects.order_by("pk"))


def why(line: BankLine) -> list[str]:
    return list(line.proposal["why"])


# --- matching ---------------------------------------------------------------------------------------------------------
def test_a_line_that_names_a_bill_and_comes_to_it_is_sure(campus: Campus, bills: list[Invoice], anton: User) -> None:
    bill = bills[0]
    row = sent(campus, csv_of(a_row("1200.00", f"Fees {bill.called_number}")), by=anton)
    (line,) = lines()
    assert (row.state, row.counts) == ("read", {"new": 1, "known": 0, "outgoing": 0, "pending": 0})
    assert (line.confidence, why(line)) == (90, ["bill", "amount"])
    assert services.confirm_lines(statement=row, total=Decimal(1200), by=anton) == 1
    assert services.take_confirmed(row.pk) == {"taken": 1, "refused": 0}
    paid = Payment.objects.get()
    assert (paid.amount, paid.method, paid.day, paid.student_id) == (1200, "bank", DAY, bill.student_id)
    assert selectors.left_of([bill]) == {bill.pk: 0}
    # Killed and begun again, nothing is taken twice.
    assert services.take_confirmed(row.pk) == {"taken": 0, "refused": 0}
    assert Payment.objects.count() == 1
    assert list(differences()) == []


WRITTEN = (
    "2026-000123", "2026000123", "Invoice 2026/123", "2026-000123x", "2026-0001 23", "INV2026 000123",
    "\u0662\u0660\u0662\u0666-\u0660\u0660\u0660\u0661\u0662\u0663",
)  # fmt: skip


def test_a_bills_number_is_found_as_people_and_banks_write_it() -> None:
    assert [numbers_in(f"fees {each} thanks") for each in WRITTEN] == [{(2026, 123)}] * len(WRITTEN)


def test_a_day_is_no_bills_number() -> None:
    days = ("paid on 2026-11-03", "20261103", "01/2026-12", "2026.000.001.7", "12026-0000011")
    assert [numbers_in(each) for each in days] == [set()] * len(days)


def test_a_payer_is_known_by_their_name_and_then_by_what_was_taken_of_them(
    campus: Campus, bills: list[Invoice], anton: User
) -> None:
    child = bills[0].student
    mum = Guardian.objects.get(user=people.a_guardian("carol", of=[child]))
    said = csv_of(
        a_row("600", "school", payer=f"MRS {mum.full_name.upper()}", ref="1"),
        a_row("50", "lunch", payer="Acme", ref="2"),
    )
    sent(campus, said, by=anton)
    named, unknown = lines()
    assert (named.confidence, why(named)) == (60, ["payer", "amount"])
    assert (unknown.confidence, unknown.proposal["parts"]) == (0, [])
    services.take_line(line=unknown, parts=[services.Share(child.sourced_id, Decimal(50))], by=anton)
    sent(campus, csv_of(a_row("60", "more lunch", payer="ACME", ref="3")), by=anton)
    again = lines()[-1]
    assert why(again) == ["payer"]
    assert again.proposal["parts"][0]["student"] == str(child.sourced_id)


def test_two_families_of_one_name_are_nobodys_until_somebody_says(
    campus: Campus, bills: list[Invoice], anton: User
) -> None:
    one, other = bills[0].student, bills[1].student
    for child, login in ((one, "carol"), (other, "carla")):
        guardian = Guardian.objects.get(user=people.a_guardian(login, of=[child]))
        Guardian.objects.filter(pk=guardian.pk).update(given_name="Sam", family_name="Smith")
    sent(campus, csv_of(a_row("10", "fees", payer="Sam Smith")), by=anton)
    (line,) = lines()
    assert (line.confidence, why(line), line.proposal["parts"]) == (0, ["several"], [])


def test_one_transfer_pays_the_bills_of_two_children(campus: Campus, bills: list[Invoice], anton: User) -> None:
    one, other = bills[:2]
    row = sent(campus, csv_of(a_row("2400", f"{one.called_number} + {other.called_number}")), by=anton)
    (line,) = lines()
    assert (line.confidence, len(line.proposal["parts"])) == (90, 2)
    services.confirm_lines(statement=row, total=Decimal(2400), by=anton)
    services.take_confirmed(row.pk)
    assert set(selectors.left_of([one, other]).values()) == {0}
    line.refresh_from_db()
    assert (line.state, len(line.payments)) == ("taken", 2)
    assert list(differences()) == []


def test_what_is_more_than_the_bill_is_credit_and_what_is_less_pays_a_part(
    campus: Campus, bills: list[Invoice], anton: User
) -> None:
    one, other = bills[:2]
    rows = (a_row("1300", one.called_number, ref="1"), a_row("600", other.called_number, ref="2"))
    sent(campus, csv_of(*rows), by=anton)
    above, below = lines()
    assert (above.confidence, below.confidence) == (60, 90)
    for line in (above, below):
        services.take_line(line=line, by=anton)
    assert selectors.left_of([one, other]) == {one.pk: 0, other.pk: 600}
    assert [each.amount for each in selectors.credit_of(one.student, campus.institution)] == [100]


def test_a_bill_that_is_paid_already_or_entered_by_hand_is_looked_at(
    campus: Campus, bills: list[Invoice], anton: User
) -> None:
    one, other = bills[:2]
    entered = money.a_payment(one.student, "1200", method="bank", day=DAY, by=anton)
    rows = (a_row("1200", one.called_number, ref="1"), a_row("1200", other.called_number, ref="2"))
    row = sent(campus, csv_of(*rows), by=anton)
    twin, plain = lines()
    assert (twin.confidence, plain.confidence) == (40, 90)
    assert {"settled", "entered"} <= set(why(twin))
    assert twin.proposal["receipts"] == [{"payment": str(entered.sourced_id), "receipt": entered.receipt}]
    services.confirm_lines(statement=row, total=Decimal(1200), by=anton)
    services.take_confirmed(row.pk)
    settled = services.settle_line(line=twin, payment=entered.sourced_id, by=anton)
    assert (settled.state, Payment.objects.count()) == ("taken", 2)
    with pytest.raises(errors.BankLineSettled):
        services.take_line(line=settled, by=anton)


def test_a_receipt_that_was_undone_is_no_line_of_a_bank(campus: Campus, bills: list[Invoice], anton: User) -> None:
    undone, returned = (money.a_payment(bills[0].student, "1200", method="bank", day=DAY, by=anton) for _each in "ab")
    services.reverse(payment=undone.sourced_id, reason="Twice", by=anton)
    services.refund(payment=returned.sourced_id, amount=Decimal(100), reason="Left", by=anton)
    sent(campus, csv_of(a_row("1200", "school")), by=anton)
    (line,) = lines()
    with pytest.raises(errors.BankLineIsNoReceipt):
        services.settle_line(line=line, payment=undone.sourced_id, by=anton)
    line.refresh_from_db()
    assert (line.state, line.payments) == ("waiting", [])
    # What was given back of a transfer had come in all the same.
    assert services.settle_line(line=line, payment=returned.sourced_id, by=anton).state == "taken"


# --- whose names stand there ------------------------------------------------------------------------------------------
def test_who_is_erased_stands_on_no_line_of_a_bank(campus: Campus, bills: list[Invoice], anton: User) -> None:
    child, other = bills[0].student, bills[1].student
    whose = Guardian.objects.get(user=people.a_guardian("rana", of=[child]))
    rows = [
        a_row("1200", f"{child.full_name} term", payer="Rana Payer", ref="1"),
        a_row("50", f"fee {child.admission_number}", payer="Rana Payer", ref="2"),
        a_row("1200", f"{other.full_name} term", payer="Somebody Else", ref="3"),
    ]
    sent(campus, csv_of(*rows), by=anton)
    taken, waiting, others = lines()
    services.take_line(
        line=taken, parts=[services.Share(child.sourced_id, Decimal(1200), (), whose.sourced_id)], by=anton
    )
    withdraw_student(student=child, on=SCHOOL_DAY, by=people.a_user("dora", role="registrar"))
    planned = persons.plan(child)
    assert [(line.model, line.rows, line.fate) for line in planned.lines if "Bank" in line.model] == [
        ("fees.BankLine", 2, "kept")
    ]
    persons.erase(child, planned=planned.code, reason="letter of 3 May")
    for row in (taken, waiting):
        row.refresh_from_db()
        assert (row.payer, row.text, row.proposal) == ("", "", {})
    others.refresh_from_db()
    assert (others.payer, others.text) == ("Somebody Else", f"{other.full_name} term")
    # It still is the line that it was: in another file it is nothing new.
    sent(campus, csv_of(*rows, a_row("1", "x", ref="9")), by=anton)
    assert BankLine.objects.count() == 4
    assert persons.plan(whose).lines


def test_who_is_erased_takes_no_words_from_a_line_that_is_anothers(
    campus: Campus, bills: list[Invoice], anton: User
) -> None:
    """It was guessed by its amount alone; the guess goes."""
    child, other = bills[0].student, bills[1].student
    for bill in bills[1:]:
        money.a_payment(bill.student, "1200", by=anton)
    rows = [a_row("1200", "school", payer="Somebody Else", ref=ref) for ref in "12"]
    sent(campus, csv_of(*rows), by=anton)
    taken, waiting = lines()
    services.take_line(line=taken, parts=[services.Share(other.sourced_id, Decimal(1200))], by=anton)
    withdraw_student(student=child, on=SCHOOL_DAY, by=people.a_user("dora", role="registrar"))
    persons.erase(child, planned=persons.plan(child).code, reason="letter")
    for row in (taken, waiting):
        row.refresh_from_db()
        assert (row.payer, row.text, row.proposal) == ("Somebody Else", "school", {})


def test_after_the_years_that_a_law_asks_for_a_line_names_nobody(
    campus: Campus, bills: list[Invoice], anton: User, later: Callable[..., None], settings: Any
) -> None:
    settings.RETENTION_YEARS = {**settings.RETENTION_YEARS, "fees": 2}
    sent(campus, csv_of(a_row("50", "Rana Payer grant", payer="Rana Payer", ref="1")), by=anton)
    services.set_line_aside(line=lines()[0], reason="A grant of Rana Payer", by=anton)
    later(days=700)
    clear_old_imports()
    assert lines()[0].payer == "Rana Payer"
    later(days=100)
    clear_old_imports()
    (line,) = lines()
    assert (line.payer, line.text, line.reason, line.amount) == ("", "", "—", 50)


# --- twice is nothing -------------------------------------------------------------------------------------------------
def test_the_same_file_and_the_same_line_in_another_file_are_nothing(
    campus: Campus, bills: list[Invoice], anton: User
) -> None:
    first = csv_of(a_row("10", "a", ref="1"), a_row("20", "b", ref="2"))
    one = sent(campus, first, by=anton)
    assert sent(campus, first, by=anton, name="again.csv").pk == one.pk
    other = sent(campus, csv_of(a_row("20", "b", ref="2"), a_row("30", "c", ref="3")), by=anton)
    assert (other.counts["new"], other.counts["known"]) == (1, 1)
    assert [line.amount for line in lines()] == [10, 20, 30]


def test_two_lines_that_are_alike_are_two_as_often_as_one_file_has_them(
    campus: Campus, bills: list[Invoice], anton: User
) -> None:
    alike = a_row("10", "lunch", payer="A B")
    sent(campus, csv_of(alike, alike), by=anton)
    sent(campus, csv_of(alike, alike, alike), by=anton)
    assert len(lines()) == 3


def test_reading_that_was_killed_reads_anew_and_keeps_nothing_twice(
    campus: Campus, bills: list[Invoice], anton: User
) -> None:
    row = sent(campus, csv_of(a_row("10", "a"), a_row("20", "b")), by=anton)
    BankStatement.objects.filter(pk=row.pk).update(state="received")
    exchange.read_statement(BankStatement.objects.get(pk=row.pk))
    assert len(lines()) == 2


def test_what_a_list_and_a_statement_both_say_is_looked_at(campus: Campus, bills: list[Invoice], anton: User) -> None:
    bill = bills[0]
    sent(campus, csv_of(a_row("1200", bill.called_number)), by=anton)
    sent(campus, camt(an_entry("1200.00", ("1200.00", "A B", bill.called_number))), by=anton, name="s.xml")
    later = lines()[-1]
    assert (later.confidence, "alike" in why(later)) == (40, True)


# --- what is not money that came in -----------------------------------------------------------------------------------
def test_what_goes_out_and_what_is_not_booked_is_counted_and_no_line(
    campus: Campus, bills: list[Invoice], anton: User
) -> None:
    row = sent(
        campus,
        camt(
            an_entry("5.00", side="DBIT", ref="D"),
            an_entry("7.00", ref="P", status="<Cd>PDNG</Cd>"),
            an_entry("9.00", ref="V", more="<RvslInd>true</RvslInd>"),
            an_entry("11.00", ref="B", status="BOOK"),
        ),
        by=anton,
        name="s.xml",
    )
    assert row.counts == {"new": 1, "known": 0, "outgoing": 2, "pending": 1}
    assert (row.account, [line.amount for line in lines()]) == ("GB33BUKB20201555555555", [11])


def test_a_batch_is_as_many_lines_as_it_says_whose_they_are(campus: Campus, bills: list[Invoice], anton: User) -> None:
    one, other = bills[:2]
    told = an_entry("1800", ("1200", "A B", one.called_number), ("600", "C D", other.called_number))
    untold = an_entry("50", ("20", "A B", "x"), ref="R2")
    sent(campus, camt(told, untold), by=anton, name="s.xml")
    assert [(line.amount, line.confidence) for line in lines()] == [(1200, 90), (600, 90), (50, 0)]
    assert len({line.key for line in lines()}) == 3


def test_another_currency_waits_and_is_not_taken(campus: Campus, bills: list[Invoice], anton: User) -> None:
    sent(campus, csv_of(a_row("1200", bills[0].called_number, currency="EUR")), by=anton)
    (line,) = lines()
    assert line.confidence == 0
    with pytest.raises(CurrencyDiffers):
        services.take_line(line=line, parts=[services.Share(bills[0].student.sourced_id, Decimal(1200))], by=anton)
    assert services.set_line_aside(line=line, reason="Booked by hand", by=anton).state == "set-aside"


# --- whatever the bank calls it ---------------------------------------------------------------------------------------
GERMAN = """Kontoauszug;;;
Stand;03.11.2026;;

Buchungstag;Betrag;Währung;Auftraggeber;Verwendungszweck
02.11.2026;"1.200,00";GBP;Jürgen Groß;Schule {0}
02.11.2026;"-3,50";GBP;Bank;Gebühr
"""
ARABIC = (
    "\u0627\u0644\u062a\u0627\u0631\u064a\u062e,"
    "\u0627\u0644\u0645\u0628\u0644\u063a,\u0627\u0644\u0628\u064a\u0627\u0646"
)
LISTS = {
    "German, with titles, in the letters of Windows": (GERMAN, "cp1252"),
    "two columns": ('Date,Money out,Money in,Details\n02/11/2026,,"1,200.00",{0}\n21/11/2025,3.50,,Fee\n', "utf-8"),
    "Arabic": (ARABIC + "\n2026-11-02,\u0661\u0662\u0660\u0660\u066b\u0660\u0660,{0}\n", "utf-8"),
    "a side in words": ("Date;Amount;Dr/Cr;Narrative\n2026-11-02;1200.00;CR;{0}\n2026-11-02;9.00;DR;fee\n", "utf-8"),
    "tabs and a total": ("Date\tAmount\tDetails\n2026-11-02\t1 200.00\t{0}\nTotal\t1 200.00\t\n", "utf-16"),
}


@pytest.mark.parametrize("kind", LISTS)
def test_a_list_is_read_as_banks_write_it(campus: Campus, bills: list[Invoice], anton: User, kind: str) -> None:
    content, encoding = LISTS[kind]
    row = sent(campus, content.replace("{0}", bills[0].called_number).encode(encoding), by=anton)
    assert row.problem is None
    assert [(line.amount, line.day, line.confidence) for line in lines()] == [(1200, dt.date(2026, 11, 2), 90)]


def test_columns_that_nobody_knows_are_said_once(campus: Campus, bills: list[Invoice], anton: User) -> None:
    first = f"Wann,Wieviel,Wozu\n2026-11-02,1200,{bills[0].called_number}\n"
    row = sent(campus, first, by=anton)
    assert (row.state, row.problem["code"], lines()) == ("failed", "exchange:column-missing", [])
    said = {"Wann": "day", "Wieviel": "amount", "Wozu": "text"}
    exchange.map_statement(statement=row, mapping=said, by=anton)
    row = exchange.read_statement(BankStatement.objects.get(pk=row.pk))
    assert (row.state, row.mapping, lines()[0].confidence) == ("read", said, 90)
    # The next such file is read by itself.
    assert sent(campus, "Wann,Wieviel,Wozu\n2026-11-02,5,x\n", by=anton).state == "read"


def test_a_form_says_nothing_of_columns(campus: Campus, bills: list[Invoice], anton: User, at_oak: Any) -> None:
    """One without a field would map none of them, and have the file read again."""
    row = sent(campus, csv_of(a_row("1200.00", "Fees")), by=anton)
    talk, form = at_oak(anton), "multipart/form-data; boundary=b"
    for step, method in (("mapping", "PUT"), ("confirm", "POST")):
        address = f"/api/v1/bank-statements/{row.sourced_id}/{step}"
        headers = {"Authorization": f"Bearer {talk.token}", "Idempotency-Key": step}
        said = b'--b\r\nContent-Disposition: form-data; name="total"\r\n\r\n0\r\n--b--\r\n'
        answer = talk.client.generic(method, address, said, content_type=form, headers=headers)
        assert answer.status_code == 415, answer.content


def test_days_that_may_be_read_in_two_ways_are_asked_for(campus: Campus, bills: list[Invoice], anton: User) -> None:
    row = sent(campus, "Date,Amount,Details\n02/11/2026,5,x\n", by=anton)
    assert (lines(), row.errors[0]["code"]) == ([], "exchange:date-ambiguous")
    exchange.map_statement(statement=row, mapping={}, day_order="D/M", by=anton)
    exchange.read_statement(BankStatement.objects.get(pk=row.pk))
    assert [line.day for line in lines()] == [dt.date(2026, 11, 2)]


def test_a_row_that_cannot_be_read_is_named_and_stops_no_other(
    campus: Campus, bills: list[Invoice], anton: User
) -> None:
    row = sent(campus, csv_of(a_row("ten", "a"), a_row("10", "b"), a_row("1.23456", "c")), by=anton)
    assert [(each["row"], each["code"]) for each in row.errors] == [
        (2, "exchange:amount-unreadable"),
        (4, "exchange:amount-unreadable"),
    ]
    assert [line.text for line in lines()] == ["b"]


def test_what_stands_for_an_amount_and_is_none_is_named(campus: Campus, bills: list[Invoice], anton: User) -> None:
    formula, too_long = a_row("=1+1", "a"), a_row("1" * 41, "b")
    row = sent(campus, csv_of(formula, too_long, a_row("", "a heading"), a_row("10", "c")), by=anton)
    assert [each["row"] for each in row.errors] == [2, 3]
    assert [line.text for line in lines()] == ["c"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (("1,200.00", "12.50"), [1200, Decimal("12.5")]),
        (("12.50", "12,50"), [Decimal("12.5")]),
        (("1,200.00", "1.200,00"), [1200]),
        (("12.50", "1,,200.00"), [Decimal("12.5")]),
        (("12.50", "1,00,000.00"), [Decimal("12.5"), 100_000]),
        (("12,50", "1.200"), [Decimal("12.5"), 1200]),
        (("12.50", "1 200.00"), [Decimal("12.5"), 1200]),
    ],
)
def test_an_amount_written_otherwise_than_the_others_is_named_and_never_a_hundredfold(
    campus: Campus, bills: list[Invoice], anton: User, written: tuple[str, ...], read: list[Decimal]
) -> None:
    row = sent(campus, csv_of(*(a_row(f'"{each}"', f"x{place}") for place, each in enumerate(written))), by=anton)
    assert [line.amount for line in lines()] == read
    assert len(row.errors) == len(written) - len(read)


def test_an_entry_of_nothing_is_no_line(campus: Campus, bills: list[Invoice], anton: User) -> None:
    row = sent(campus, camt(an_entry("0.00"), an_entry("10", ref="2")), by=anton, name="s.xml")
    assert (row.state, [line.amount for line in lines()]) == ("read", [10])


def test_a_line_or_an_account_of_another_campus_is_looked_at(campus: Campus, bills: list[Invoice], anton: User) -> None:
    hill = Institution.objects.create(name="Hill", code="HILL", currency=campus.institution.currency)
    of_hill = camt(an_entry("10.00", ("10.00", "A B", "books"), ref="H1"))
    exchange.read_statement(
        exchange.receive_statement(institution=hill, file=io.BytesIO(of_hill.encode()), name="h.xml", by=anton)
    )
    # Bills of two campuses have the same numbers.
    whole = ("1200.00", "A B", bills[0].called_number)
    second = ("1200.00", "C D", bills[1].called_number)
    sent(campus, camt(an_entry("1200.00", whole, ref="H2"), an_entry("1200.00", second, ref="H3")), by=anton)
    here = BankLine.objects.filter(institution=campus.institution).order_by("pk")
    assert [(line.confidence, "elsewhere" in why(line)) for line in here] == [(40, True), (40, True)]
    # Once somebody has taken one, they have said that it is an account of this campus as well.
    services.take_line(line=here[0], by=anton)
    services.match_again(institution=campus.institution, by=anton)
    assert here.all()[1].confidence >= 75
    of_both = csv_of(a_row("10", "x", ref="B1"))
    for institution in (hill, campus.institution):
        file = io.BytesIO(of_both.encode())
        exchange.read_statement(
            exchange.receive_statement(institution=institution, file=file, name="both.csv", by=anton)
        )
    assert "elsewhere" in why(BankLine.objects.get(institution=campus.institution, reference="B1"))


def test_a_file_goes_a_month_after_it_was_read_and_its_lines_stay(
    campus: Campus, bills: list[Invoice], anton: User, later: Callable[..., None]
) -> None:
    row = sent(campus, csv_of(a_row("10", "a"), a_row("ten", "b")), by=anton)
    bad = sent(campus, "<html></html>", by=anton, name="bad.xml")
    files = [Path(each.file.path) for each in (row, bad)]
    later(days=6)
    assert exchange.clear_old_bank_files() == 0
    later(days=2)
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert exchange.clear_old_bank_files() == 1
    assert [file.exists() for file in files] == [True, False]
    later(days=29)
    with TestCase.captureOnCommitCallbacks(execute=True):
        clear_old_imports()
    assert exchange.clear_old_bank_files() == 0
    row.refresh_from_db()
    assert (files[0].exists(), row.errors, row.counts["new"], len(lines())) == (False, [], 1, 1)
    # What is read is not read again, and what could not be is, once it is sent again.
    for refused in (
        lambda: exchange.map_statement(statement=row, mapping={}, by=anton),
        lambda: exchange.read_statement(row),
    ):
        with pytest.raises(errors.BankStatementNotReady):
            refused()
    assert sent(campus, csv_of(a_row("10", "a"), a_row("ten", "b")), by=anton).pk == row.pk
    again = sent(campus, "<html></html>", by=anton, name="bad.xml")
    assert (again.pk, again.state, bool(again.file)) == (bad.pk, "failed", True)


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "content",
    [
        camt(an_entry("10"), head=BOMB),
        camt(an_entry("10"), head=BOMB).encode("utf-16"),
        camt(an_entry("10"), head='<!DOCTYPE x SYSTEM "file:///etc/passwd">'),
        camt(an_entry("10"), an_entry("NaN", ref="2")),
        camt(an_entry("10"), an_entry("1e9", ref="2")),
        camt("<a>" * 60 + "</a>" * 60),
        camt(an_entry("10"))[:-30],
        "<html><body>Please log in</body></html>",
        camt(an_entry("10")).replace("camt.053", "camt.054"),
    ],
    ids=["bomb", "bomb in UTF-16", "file", "no number", "exponent", "deep", "cut off", "page", "another message"],
)
def test_what_is_no_statement_is_refused_whole(
    campus: Campus, chart: dict[str, Account], anton: User, content: Any
) -> None:
    content = content.replace('encoding="UTF-8"', "") if isinstance(content, str) else content
    row = sent(campus, content, by=anton, name="s.xml")
    assert (row.state, lines()) == ("failed", [])
    assert row.problem["code"] in {"exchange:bank-file-unreadable", "exchange:bank-file-unknown"}


def test_what_is_no_list_at_all_is_not_kept(campus: Campus, chart: dict[str, Account], anton: User) -> None:
    with pytest.raises(BankFileUnknown):
        sent(campus, b"%PDF-1.7", by=anton, name="statement.pdf")
    assert not BankStatement.objects.exists()


# --- what waits on the desk -------------------------------------------------------------------------------------------
def test_what_changed_meanwhile_waits_for_a_person_with_the_reason(
    campus: Campus, bills: list[Invoice], anton: User
) -> None:
    one, other = bills[:2]
    rows = (a_row("1200", one.called_number, ref="1"), a_row("1200", other.called_number, ref="2"))
    row = sent(campus, csv_of(*rows), by=anton)
    with pytest.raises(errors.BankStatementComesToAnother):
        services.confirm_lines(statement=row, total=Decimal(1200), by=anton)
    services.confirm_lines(statement=row, total=Decimal(2400), by=anton)
    money.a_payment(one.student, "1200", by=anton)
    assert services.take_confirmed(row.pk) == {"taken": 1, "refused": 1}
    refused = lines()[0]
    assert (refused.state, refused.problem["code"], refused.confidence) == ("waiting", "fees:pays-more-than-left", 0)
    services.match_again(institution=campus.institution, by=anton)
    refused.refresh_from_db()
    assert "settled" in why(refused)


def test_a_line_whose_payment_was_undone_can_be_taken_for_another(
    campus: Campus, bills: list[Invoice], anton: User
) -> None:
    one, other = bills[:2]
    sent(campus, csv_of(a_row("1200", one.called_number)), by=anton)
    taken = services.take_line(line=lines()[0], by=anton)
    with pytest.raises(errors.BankLineHasPayments):
        services.take_line_up_again(line=taken, by=anton)
    services.reverse(payment=taken.payments[0], reason="The other child’s", by=anton)
    services.take_line_up_again(line=taken, by=anton)
    services.take_line(line=lines()[0], parts=[services.Share(other.student.sourced_id, Decimal(1200))], by=anton)
    assert selectors.left_of([one, other]) == {one.pk: 1200, other.pk: 0}
    # And for the first child once more: it is a payment of its own.
    services.reverse(payment=lines()[0].payments[0], reason="After all", by=anton)
    services.take_line_up_again(line=lines()[0], by=anton)
    services.take_line(line=lines()[0], by=anton)
    assert selectors.left_of([one, other]) == {one.pk: 0, other.pk: 1200}
    assert list(differences()) == []


def test_shares_come_to_the_line_and_are_of_children_of_the_campus(
    campus: Campus, bills: list[Invoice], anton: User
) -> None:
    sent(campus, csv_of(a_row("100", "x")), by=anton)
    (line,) = lines()
    child = bills[0].student.sourced_id
    for parts in ([services.Share(child, Decimal(99))], [services.Share(child, Decimal(50))] * 2):
        with pytest.raises(errors.BankLineSharesDiffer):
            services.take_line(line=line, parts=parts, by=anton)
    bob = people.a_user("bob", role="teacher")
    with pytest.raises(PermissionMissing):
        services.take_line(line=line, parts=[services.Share(child, Decimal(100))], by=bob)
    assert not Payment.objects.exists()


def test_what_came_in_a_closed_period_is_booked_on_the_first_day_that_is_open(
    campus: Campus, bills: list[Invoice], anton: User
) -> None:
    services.close_books(institution=campus.institution, closed_through=DAY, by=anton)
    sent(campus, csv_of(a_row("1200", bills[0].called_number)), by=anton)
    services.take_line(line=lines()[0], by=anton)
    assert Payment.objects.get().day == DAY + dt.timedelta(days=1)


def test_a_file_of_many_lines_is_laid_beside_what_is_owed_in_as_many_statements_as_one_of_few(
    campus: Campus, bills: list[Invoice], anton: User, django_assert_max_num_queries: Any
) -> None:
    def asked(count: int, start: int) -> int:
        rows = [a_row("10", f"{bills[each % 3].called_number} {each}", ref=f"{start + each}") for each in range(count)]
        row = sent(campus, csv_of(*rows), by=anton)
        with django_assert_max_num_queries(40) as told:
            services.match_lines(BankLine.objects.filter(statement=row), campus.institution)
        return len(told.captured_queries)

    assert asked(2, 0) == asked(60, 100)


def test_nothing_of_it_touches_the_books_before_somebody_confirms(
    campus: Campus, bills: list[Invoice], anton: User
) -> None:
    before = LedgerEntry.objects.count()
    sent(campus, csv_of(a_row("1200", bills[0].called_number)), by=anton)
    assert (LedgerEntry.objects.count(), Payment.objects.count()) == (before, 0)
