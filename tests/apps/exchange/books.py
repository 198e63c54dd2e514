"""Spreadsheets of three makers, as small as they go."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text", "style")
)
_CALC = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'


def ods(sheets: dict[str, Sequence[Sequence[str]]], *, hidden: Sequence[str] = ()) -> bytes:
    """An OpenDocument spreadsheet, laid out as LibreOffice does; a cell is its XML, or a text."""

    def cell(said: str) -> str:
        if said.startswith("<table:"):
            return said
        return f'<table:table-cell office:value-type="string"><text:p>{escape(said)}</text:p></table:table-cell>'

    def table(name: str, rows: Sequence[Sequence[str]]) -> str:
        style = ' table:style-name="gone"' if name in hidden else ""
        lines = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
        # Every sheet goes on for a million blank rows.
        blank = (
            '<table:table-row table:number-rows-repeated="1048500">'
            '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
        )
        return f"<table:table table:name={quoteattr(name)}{style}>{lines}{blank}</table:table>"

    body = "".join(table(name, rows) for name, rows in sheets.items())
    content = (
        f'<?xml version="1.0"?><office:document-content {_SPACES} {_CALC}><office:automatic-styles>'
        '<style:style style:name="gone" style:family="table">'
        '<style:table-properties table:display="false"/></style:style>'
        f"</office:automatic-styles><office:body><office:spreadsheet>{body}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        book.writestr("Configurations2/accelerator/current.xml", "")
        book.writestr("content.xml", content)
        book.writestr("META-INF/manifest.xml", "<x/>")
    return target.getvalue()


def number(value: float, shown: str) -> str:
    said = f'office:value-type="float" office:value="{value}"'
    return f"<table:table-cell {said}><text:p>{shown}</text:p></table:table-cell>"


def day(said: str, shown: str) -> str:
    return (
        f'<table:table-cell office:value-type="date" office:date-value="{said}"><text:p>{shown}</text:p>'
        "<office:annotation><text:p>who typed this?</text:p></office:annotation></table:table-cell>"
    )


FAILED = (
    '<table:table-cell office:value-type="string" calcext:value-type="error"><text:p>#N/A</text:p></table:table-cell>'
)


def xlsx(sheets: dict[str, Sequence[Sequence[Any]]], *, hidden: Sequence[str] = (), from_1904: bool = False) -> bytes:
    book = Workbook()
    book.remove(book.worksheets[0])
    if from_1904:
        book.epoch = CALENDAR_MAC_1904
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()
