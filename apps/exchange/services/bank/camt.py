"""Bank statements of ISO 20022, camt.053 of any version: the entries that are booked, as they are read.

By the message definition BankToCustomerStatement (camt.053.001.02 to .13). What a document may be is held as that of a
spreadsheet's parts: no document type, and with it no entities, in any encoding; so deep and so long and no further.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import IO, Any, Final
from xml.parsers import expat

from apps.exchange import errors
from apps.exchange.services.bank.columns import fitting
from apps.exchange.services.reading.cells import cleaned
from schoolops.folding import fold

MOST_ELEMENTS: Final = 4_000_000
DEEPEST: Final = 40
LONGEST_TEXT: Final = 2_000
_ROOT: Final = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.\d\d Document")
# What a bank writes where it says nothing.
_NOTHING: Final = frozenset({"notprovided", "nonref", "not provided", "notavailable"})
_PART: Final = "Stmt/Ntry/NtryDtls/TxDtls"


@dataclass(slots=True)
class _Said:
    """The texts of an entry, or of one of the payments in it, by the path below it."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    currencies: dict[str, str] = field(default_factory=dict)

    def first(self, *paths: str) -> str:
        return next((self.texts[path][0] for path in paths if self.texts.get(path)), "")


@dataclass(slots=True)
class Found:
    """What is found beside the lines."""

    account: str = ""
    outgoing: int = 0
    pending: int = 0


class _Reader:
    def __init__(self) -> None:
        self.ready: list[dict[str, Any]] = []
        self.found = Found()
        self._path: list[str] = []
        self._elements = self._row = 0
        self._text: list[str] = []
        self._length = 0
        self._entry: _Said | None = None
        self._parts: list[_Said] = []
        self._currency = ""

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if not self._path and not _ROOT.fullmatch(name):
            raise errors.BankFileUnknown
        if len(self._path) >= DEEPEST or self._elements > MOST_ELEMENTS:
            raise errors.BankFileUnreadable(why="it is nested too deeply, or too long")
        self._path.append(name.rpartition(" ")[2])
        self._text, self._length = [], 0
        self._currency = attributes.get("Ccy", "")[:3]
        path = self._below()
        if path == "Stmt/Ntry":
            self._entry, self._parts = _Said(), []
        elif path == _PART and self._entry is not None:
            self._parts.append(_Said())

    def text(self, said: str) -> None:
        if self._length < LONGEST_TEXT:
            self._text.append(said)
            self._length += len(said)

    def end(self, _name: str) -> None:
        path = self._below()
        said = cleaned("".join(self._text))[:LONGEST_TEXT]
        self._path.pop()
        self._text, self._length = [], 0
        if path == "Stmt/Ntry" and self._entry is not None:
            self._close()
        elif path.startswith("Stmt/Acct/Id/") and said and not self.found.account:
            self.found.account = said[:60]
        elif self._entry is not None and said:
            self._keep(path, said)

    def _below(self) -> str:
        # Without the document and the message.
        return "/".join(self._path[2:])

    def _keep(self, path: str, said: str) -> None:
        inside = self._parts and path.startswith(f"{_PART}/")
        into = self._parts[-1] if inside else self._entry
        if into is None:
            return
        below = path.removeprefix(f"{_PART}/" if inside else "Stmt/Ntry/")
        there = into.texts.setdefault(below, [])
        if len(there) < 100:
            there.append(said)
        if self._currency and below.endswith("Amt"):
            into.currencies[below] = self._currency
        self._currency = ""

    def _close(self) -> None:
        entry, parts = self._entry, self._parts
        self._entry = None
        if entry is None:
            return
        self._row += 1
        if entry.first("Sts/Cd", "Sts") not in {"BOOK", ""}:
            self.found.pending += 1
            return
        # A reversal takes back what was booked before, and is nobody's payment.
        if entry.first("CdtDbtInd") != "CRDT" or entry.first("RvslInd") in {"true", "1"}:
            self.found.outgoing += 1
            return
        # A bank may tell of something that cost nothing.
        self.ready += (line for line in _lines(self._row, entry, parts) if Decimal(line["amount"]))


def _lines(row: int, entry: _Said, parts: list[_Said]) -> Iterator[dict[str, Any]]:
    """An entry's lines: one for each payment in it, where these come to it; else the entry itself."""
    amount, currency = _amount(entry.first("Amt")), entry.currencies.get("Amt", "")
    day = _day(entry.first("BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm"))
    own = _reference(entry, "AcctSvcrRef", "NtryRef")
    shares = [_share(part, currency) for part in parts]
    # A batch of which the bank tells the sum alone is a line, and a person parts it.
    several = len(parts) > 1 and None not in shares and sum(share or 0 for share in shares) == amount
    if not several:
        parts, shares = (parts[:1] if len(parts) == 1 else [_Said()]), [amount]
    for place, (part, share) in enumerate(zip(parts, shares, strict=True)):
        reference = _reference(part, "Refs/AcctSvcrRef", "Refs/TxId") or own
        yield {
            "row": row,
            "day": day,
            "amount": str(share),
            "currency": currency,
            "payer": part.first("RltdPties/Dbtr/Pty/Nm", "RltdPties/Dbtr/Nm", "RltdPties/UltmtDbtr/Pty/Nm",
                                "RltdPties/UltmtDbtr/Nm"),
            "text": _text(entry, part),
            # The payments of one entry may share its reference.
            "reference": f"{reference}/{place + 1}" if several and reference == own and own else reference,
        }  # fmt: skip


def _share(part: _Said, currency: str) -> Decimal | None:
    for path in ("Amt", "AmtDtls/TxAmt/Amt"):
        if part.first(path) and part.currencies.get(path) == currency:
            return _amount(part.first(path))
    return None


def _text(entry: _Said, part: _Said) -> str:
    said = [
        *part.texts.get("RmtInf/Ustrd", ()),
        *part.texts.get("RmtInf/Strd/CdtrRefInf/Ref", ()),
        *part.texts.get("RmtInf/Strd/RfrdDocInf/Nb", ()),
        *part.texts.get("RmtInf/Strd/AddtlRmtInf", ()),
        *([end] if (end := _reference(part, "Refs/EndToEndId")) else ()),
    ]
    return " ".join(said) or entry.first("AddtlNtryInf")


def _reference(said: _Said, *paths: str) -> str:
    found = (said.first(path) for path in paths)
    return next((each[:70] for each in found if each and fold(each) not in _NOTHING), "")


def _amount(said: str) -> Decimal:
    try:
        found = Decimal(said)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or not re.fullmatch(r"\d{1,18}(\.\d*)?", said):
        raise errors.BankFileUnreadable(why=f"{said[:20]} is no amount")
    return fitting(found)


def _day(said: str) -> str:
    try:
        return dt.date.fromisoformat(said[:10]).isoformat()
    except ValueError as error:
        raise errors.BankFileUnreadable(why=f"{said[:20]} is no day") from error


def lines_of(file: IO[bytes], found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The lines, as they are read; ``found`` is filled with what stands beside them by the end.

    Raises:
        BankFileUnknown: it is another message. BankFileUnreadable.
    """
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = reader.begin, reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse
    file.seek(0)
    try:
        for piece in iter(lambda: file.read(64 * 1024), b""):
            parser.Parse(piece, False)  # noqa: FBT003 - it takes no names
            yield from reader.ready
            reader.ready = []
        parser.Parse(b"", True)  # noqa: FBT003
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise errors.BankFileUnreadable(why=str(error)[:200]) from error
    found["account"] = reader.found.account
    found["counts"] = {"outgoing": reader.found.outgoing, "pending": reader.found.pending}


def _refuse(*_said: object) -> None:
    raise errors.BankFileUnreadable(why="it declares entities")
