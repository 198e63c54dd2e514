"""Whatever a list is packed in: spreadsheets of three makers, old encodings, folders; what is lenient is said."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import pytest

from apps.accounts.models import User
from apps.exchange import errors, services
from apps.exchange.models import Import, ImportRow
from apps.exchange.services.reading import parts
from apps.students.models import Student
from tests.apps.exchange import bombs, books
from tests.apps.exchange.bundles import sound, zipped
from tests.apps.exchange.sending import Read, applied, sent, told
from tests.factories import people

HEADER = ["Admission number", "Given name", "Birth date"]


@pytest.fixture(autouse=True)
def _year(registrar: User) -> None:
    people.a_school_year()


def children() -> list[tuple[str, str, str]]:
    found = Student.objects.order_by("admission_number").values_list("admission_number", "given_name", "birth_date")
    return [(number, name, str(born)) for number, name, born in found]


def said(run: Import) -> str:
    return " ".join(note["message"] for note in run.notes)


def test_open_document_is_read_as_it_is_shown(read: Read) -> None:
    rows = [
        ["Fern School"],
        HEADER,
        [books.number(42, "0000042"), "Ida", books.day("2014-03-09", "9. März 2014")],
        [books.number(7, "7"), books.FAILED, ""],
    ]
    run = applied(read(books.ods({"lists": [["Grade"], ["7"]], "Sheet 1": rows}, hidden=["lists"]), "pupils.ods"))
    assert children() == [("0000042", "Ida", "2014-03-09")]
    assert told(run) == [(4, "Given name", "cell-failed")]


def test_old_excel_is_read_as_it_is_shown(read: Read) -> None:
    """A hidden first sheet, numbers with zeros by format, a day and an error; written by xlwt 1.3."""
    run = applied(sent(read, "old-excel.xls"))
    assert children() == [("0000042", "Ida", "2014-03-09"), ("0000137", "Bo", "None")]
    assert [(row, code) for row, _, code in told(run)] == [(4, "cell-failed")]


def test_days_of_a_workbook_that_counts_from_1904(read: Read) -> None:
    born = dt.date(2014, 3, 9)
    rows = [HEADER, ["1", "Ida", born], ["2", "Bo", (born - dt.date(1904, 1, 1)).days]]
    run = applied(read(books.xlsx({"Students": rows}, from_1904=True), "pupils.xlsx"))
    assert children() == [("1", "Ida", "2014-03-09"), ("2", "Bo", "2014-03-09")]
    assert "1904" in said(run)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("14.03.14", "2014-03-14"), ("3/14/14", "2014-03-14"), ("14-Mar-99", "1999-03-14"),
        ("14 March 2014", "2014-03-14"), ("March 14, 2014", "2014-03-14"), ("20140314", "2014-03-14"),
        ("14-03-2014", "2014-03-14"), ("14/3/27", "1927-03-14"), ("2014/3/14 00:00:00", "2014-03-14"),
    ],
)  # fmt: skip
def test_days_as_people_write_them(read: Read, written: str, meant: str) -> None:
    run = applied(read(f'Admission number,Given name,Birth date\n1,Ida,"{written}"\n'.encode(), "pupils.csv"))
    assert children() == [("1", "Ida", meant)]
    assert ("two digits" in said(run)) == (meant[:4] not in written)


@pytest.mark.parametrize("form", ["xlsx", "ods"])
def test_of_several_sheets_the_one_that_is_meant_is_asked_for(registrar: User, read: Read, form: str) -> None:
    sheets = {"7, A": [HEADER, ["1", "Ida", ""]], "7 B": [HEADER, ["2", "Bo", ""]], "old": [HEADER, ["3", "Cem", ""]]}
    book = books.xlsx(sheets, hidden=["old"]) if form == "xlsx" else books.ods(sheets, hidden=["old"])
    run = read(book, f"pupils.{form}")
    assert run.problem is not None
    assert (run.problem["code"], run.problem["facts"]["sheets"]) == ("exchange:sheets-several", "7, A / 7 B")
    run = services.map_headers(run=run, mapping={}, sheet="7 B", by=registrar)
    run = applied(services.read_and_validate(run=run))
    assert children() == [("2", "Bo", "None")]
    assert "7 B" in said(run)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"Admission number,Given name\r1,Ida\r", "old Macs"),
        (b"sep=;\r\nAdmission number;Given name\r\n1;Ida\r\n", "parts its columns: ;"),
        ("Admission number\tGiven name\r\n1\tIda\r\n".encode("utf-16"), "UTF-16"),
        ("Admission number,Given name\r\n1,Ida\r\n2,Zoë\r\n".encode("cp1252"), "Windows-1252"),
    ],
    ids=["mac", "sep", "utf-16", "windows"],
)
def test_what_is_lenient_is_said(read: Read, content: bytes, word: str) -> None:
    run = applied(read(content, "pupils.csv"))
    assert children()[0][1] == "Ida"
    assert word in said(run)


def test_a_bundle_of_old_windows_is_read_where_it_is_plain(read: Read) -> None:
    files = sound()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as bundle:
        for name, text in files.items():
            bundle.writestr(f"{name}.csv", text.replace("Ada", "Zoë").encode("cp1252"))
    run = applied(read(target.getvalue()))
    assert Student.objects.get().given_name == "Zoë"
    assert "users.csv is no UTF-8" in said(run)


def test_a_folder_that_was_packed_is_opened_where_it_is_plain(read: Read) -> None:
    def packed(*folders: str) -> bytes:
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as bundle:
            bundle.writestr("export/", "")
            bundle.writestr("export/read me.txt", "from our system")
            bundle.writestr("__MACOSX/export/._users.csv", "")
            for number, (name, text) in enumerate(sound().items()):
                bundle.writestr(f"{folders[number % len(folders)]}{name}.csv", text)
        return target.getvalue()

    run = read(packed("export/2026/"))
    assert (run.problem, run.counts["student"]) == (None, {"create": 1})
    assert "export/2026" in said(run)
    with pytest.raises(errors.ArchivePath):
        read(packed("a/", "b/"))


@pytest.mark.parametrize(
    ("content", "name", "refusal"),
    [
        (b"<html><table><tr><td>Name</td></tr></table></html>", "pupils.xls", errors.OtherSpreadsheet),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Workbook/>", "pupils.xls", errors.OtherSpreadsheet),
        (zipped({"xl/workbook": ""}).replace(b"workbook.csv", b"workbook.bin"), "pupils.xlsb", errors.OtherSpreadsheet),
        (b"%PDF-1.7", "pupils.pdf", errors.FileKindUnknown),
    ],
)
def test_what_is_not_read_is_called_by_its_name(read: Read, content: bytes, name: str, refusal: type) -> None:
    with pytest.raises(refusal):
        read(content, name)


def test_a_text_that_is_called_xls_is_read(read: Read) -> None:
    applied(read(b"Admission number\tGiven name\r\n1\tIda\r\n", "pupils.xls"))
    assert children() == [("1", "Ida", "None")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "exchange:sheet-unreadable"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
            "exchange:archive-encrypted",
        ),
    ],
    ids=["broken", "with a password"],
)
def test_a_damaged_spreadsheet_is_refused(read: Read, content: bytes, code: str) -> None:
    run = read(content, "pupils.xls")
    assert run.problem is not None
    assert run.problem["code"] == code
    assert not ImportRow.objects.filter(run=run).exists()


def test_a_row_that_an_open_document_repeats_for_ever_ends(read: Read) -> None:
    rows = '<table:table-cell office:value-type="string"><text:p>Ida</text:p></table:table-cell>'
    book = books.ods({"A": [HEADER, [rows]]})
    source, target = io.BytesIO(book), io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "content.xml":
                content = content.replace(
                    b"<table:table-row>" + rows.encode(),
                    b'<table:table-row table:number-rows-repeated="99999999">' + rows.encode(),
                )
            new.writestr(entry.filename, content)
    run = read(target.getvalue(), "pupils.ods")
    assert run.problem is not None
    assert run.problem["code"] == "exchange:too-many-rows"


def test_a_sheet_of_too_many_rows_is_refused_before_any_of_them_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MOST_ROWS", 3)
    row = b"<row><c><v>1</v></c></row>"
    parts.check(zipfile.ZipFile(io.BytesIO(bombs.rows(row * 3))))
    with pytest.raises(errors.TooManyRows):
        parts.check(zipfile.ZipFile(io.BytesIO(bombs.rows(row * 4))))
