"""What the columns of a bank's CSV hold, in the words that banks use, and how amounts are written there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext_noop

from apps.exchange import errors
from apps.exchange.services.reading import cells, sheets
from apps.exchange.services.reading.cells import Column, text
from schoolops import money
from schoolops.folding import fold

# As `HeaderMapping` keeps it.
SOURCE: Final = "bank"
DAY, AMOUNT, CREDIT, DEBIT = "day", "amount", "credit", "debit"
CURRENCY, PAYER, TEXT, REFERENCE, ACCOUNT, SIDE = "currency", "payer", "text", "reference", "account", "side"
COLUMNS: Final = (
    Column(gettext_noop("Day"), DAY, cells.day, required=True),
    Column(gettext_noop("Amount"), AMOUNT, text(40)),
    Column(gettext_noop("Money in"), CREDIT, text(40)),
    Column(gettext_noop("Money out"), DEBIT, text(40)),
    Column(gettext_noop("In or out"), SIDE, text(40)),
    Column(gettext_noop("Currency"), CURRENCY, text(10)),
    Column(gettext_noop("Payer"), PAYER, text(2000)),
    Column(gettext_noop("What the transfer says"), TEXT, text(5000), many=False),
    Column(gettext_noop("The bank’s reference"), REFERENCE, text(500)),
    Column(gettext_noop("Account"), ACCOUNT, text(200)),
)
BY_FIELD: Final = {column.field: column for column in COLUMNS}
# Several columns may be one text: a bank parts a purpose into fourteen.
SEVERAL: Final = frozenset({TEXT})

_WORDS: Final[Mapping[str, str]] = {
    DAY: "date|day|booking date|posting date|posted date|transaction date|booked on|buchungstag|"
    "buchungsdatum|datum|date d'operation|date operation|date comptable|fecha|"
    "fecha operacion|data|data contabile|boekdatum|التاريخ|تاريخ العملية|تاريخ القيد",
    AMOUNT: "amount|transaction amount|amount (eur)|amount (gbp)|amount (usd)|betrag|umsatz|"
    "betrag (eur)|montant|importe|importo|bedrag|المبلغ|القيمة",
    CREDIT: "credit|credits|credit amount|money in|paid in|deposit|deposits|haben|gutschrift|avoir|"
    "abono|entrate|bij|دائن|إيداع",
    DEBIT: "debit|debits|debit amount|money out|paid out|withdrawal|withdrawals|soll|lastschrift|"
    "belastung|cargo|uscite|af|مدين|سحب",
    SIDE: "type|debit/credit|dr/cr|cr/dr|credit debit indicator|soll/haben|af bij|debit credit|نوع العملية",
    CURRENCY: "currency|currency code|ccy|wahrung|waehrung|devise|divisa|valuta code|munt|العملة",
    PAYER: "payer|payer name|name|from|remitter|sender|counterparty|counterparty name|"
    "beneficiary/payer|debtor|debtor name|auftraggeber|beguenstigter/zahlungspflichtiger|"
    "begunstigter/zahlungspflichtiger|zahlungspflichtiger|name zahlungsbeteiligter|emetteur|"
    "ordenante|ordinante|naam tegenpartij|الدافع|اسم المحول|المرسل",
    TEXT: "description|details|narrative|narration|memo|particulars|purpose|"
    "remittance information|payment details|transaction details|verwendungszweck|"
    "buchungstext|libelle|motif|concepto|descripcion|causale|descrizione|omschrijving|"
    "mededelingen|البيان|الوصف|تفاصيل العملية",
    REFERENCE: "transaction id|transaction reference|bank reference|reference number|ref no|ref|"
    "reference|unique id|fitid|referenz|kundenreferenz|رقم المرجع|المرجع|رقم العملية",
    ACCOUNT: "account|account number|iban|auftragskonto|konto|compte|cuenta|رقم الحساب",
}
_NAMES: Final = {sheets.folded(word): field for field, words in _WORDS.items() for word in words.split("|")}
_IN: Final = frozenset({"c", "cr", "crdt", "credit", "in", "h", "haben", "+", "bij", "دائن"})
_OUT: Final = frozenset({"d", "dr", "db", "dbit", "debit", "out", "s", "soll", "-", "af", "مدين"})
_CURRENCIES: Final = {fold(code): code for code in money.CURRENCIES}
_MARKED: Final = re.compile(r"(?P<amount>[^A-Za-z]*\d[^A-Za-z]*)(?P<side>CR|DR|C|D|H|S)?", re.IGNORECASE)
_CODES: Final = re.compile(r"[A-Z]{3}|[€£$¥]")


def likeness(line: Sequence[str]) -> int:
    """How many of these are names of columns of banks."""
    return sum(1 for cell in line if sheets.folded(cell) in _NAMES)


def matched(header: Sequence[str], known: Mapping[str, str]) -> dict[str, str]:
    """Header → field: what the school said of it before, else what banks call it."""
    found: dict[str, str] = {}
    for each in header:
        key = sheets.folded(each)
        field = known[key] if key in known else _NAMES.get(key, "")
        if field in BY_FIELD and (field in SEVERAL or field not in found.values()):
            found[each] = field
    return found


def refuse_missing(name: str, mapping: Mapping[str, str]) -> None:
    """Raises ``ColumnMissing`` without a day, or without an amount that came in."""
    there = {*mapping.values()}
    if DAY not in there:
        raise errors.ColumnMissing(name=name, column=BY_FIELD[DAY].header)
    if not there & {AMOUNT, CREDIT}:
        raise errors.ColumnMissing(name=name, column=BY_FIELD[AMOUNT].header)


def mark_of(said: Iterable[str], decimals: int) -> str:
    """Whether ``.`` or ``,`` stands before the decimals in a file with these amounts: as the plain ones say.

    ``decimals``: of its currency, for a file in which each could be read in two ways.
    """
    dubious = ""
    for each in said:
        bare = re.sub(r"[^\d.,]", "", _western(each))
        last = max(bare.rfind("."), bare.rfind(","))
        if last < 0:
            continue
        mark, after = bare[last], len(bare) - last - 1
        other = "," if mark == "." else "."
        if other in bare or (after != 3 and bare.count(mark) == 1):
            return mark
        if bare.count(mark) > 1:
            return other
        dubious = mark
    return (dubious if decimals == 3 else "," if dubious == "." else ".") or "."


def _western(said: str) -> str:
    return cells.digits(said).replace("\u066b", ".").replace("\u066c", ",").replace("\u2212", "-")


def amount_of(said: str, mark: str) -> Decimal:
    """An amount as a bank writes it, below zero where it went out: 1.234,50 or (12.00) or 12.00 DR.

    Raises:
        AmountUnreadable.
    """
    bare = _CODES.sub("", _western(said).strip(), count=1) if not _MARKED.fullmatch(_western(said).strip()) else said
    found = _MARKED.fullmatch(_western(bare).strip())
    if found is None:
        raise errors.AmountUnreadable(value=said[:40])
    digits = found["amount"].strip()
    side = fold(found["side"] or "")
    below = digits.startswith(("-", "(")) or digits.endswith("-") or side in {"dr", "d", "s"}
    digits = digits.strip("()+- \u00a0")
    digits = re.sub(r"[\s\u00a0'’\u202f]", "", digits)
    whole, point, rest = digits.partition(mark)
    other = "," if mark == "." else "."
    # Thousands, as the last of them is: 12,50 in a file of 12.50 is no 1250.
    if other in digits and not re.fullmatch(
        rf"\d{{1,3}}({re.escape(other)}\d{{2,3}})*{re.escape(other)}\d{{3}}", whole
    ):
        raise errors.AmountUnreadable(value=said[:40])
    digits = f"{whole.replace(other, '')}{point and '.'}{rest}"
    if not re.fullmatch(r"\d{1,13}(\.\d{0,6})?", digits):
        raise errors.AmountUnreadable(value=said[:40])
    return -Decimal(digits) if below else Decimal(digits)


def currency_of(said: str, otherwise: str) -> str:
    """The code of ISO 4217 that a cell says, however it is written; another word is shown as it is."""
    return _CURRENCIES.get(fold(said), said[:3]) if said else otherwise


def fitting(amount: Decimal) -> Decimal:
    """``amount``, when a column of ours holds it as it is. Raises ``AmountUnreadable``."""
    if abs(amount) >= money.BEYOND or amount != amount.quantize(Decimal(1).scaleb(-money.PLACES)):
        raise errors.AmountUnreadable(value=f"{amount:f}"[:40])
    return amount


def side_of(said: str) -> int:
    """1: it came in, -1: it went out, 0: it does not say."""
    word = fold(said)
    return 1 if word in _IN else -1 if word in _OUT else 0
