"""Any list as a file for a spreadsheet: CSV and XLSX, page by page, safe to open."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse

Pages = Iterable[Sequence[dict[str, Any]]]
Guard = Callable[[Any], None]

# A cell that begins so would be run as a formula by whoever opens the file.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_guards: list[Guard] = []


def guards_exports(guard: Guard) -> Guard:
    """Register what asks whether this user may take lists away; it raises when not."""
    if guard not in _guards:
        _guards.append(guard)
    return guard


def check(user: Any) -> None:
    """Nothing, when ``user`` may export. Raises what a guard raises."""
    for guard in _guards:
        guard(user)


def plain(value: Any) -> str:
    """A cell as text, that no spreadsheet takes for a formula."""
    said = shown(value)
    return f"'{said}" if isinstance(value, str) and said.startswith(_FORMULA) else said


def shown(value: Any) -> str:
    """A value as the text of a cell that is text by its type, and needs no guard."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, list | tuple | set | frozenset):
        value = ", ".join(str(each) for each in value)
    return _UNPRINTABLE.sub("", str(value))


def as_csv(name: str, columns: Sequence[str], pages: Pages) -> HttpResponseBase:
    """UTF-8 with the byte order mark that Excel wants, RFC 4180 line ends."""

    def lines() -> Iterator[bytes]:
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        writer.writerow(columns)
        yield b"\xef\xbb\xbf" + buffer.getvalue().encode()
        for page in pages:
            buffer = io.StringIO()
            csv.writer(buffer).writerows([plain(row.get(column)) for column in columns] for row in page)
            yield buffer.getvalue().encode()

    answer = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def as_xlsx(name: str, columns: Sequence[str], pages: Pages) -> HttpResponseBase:
    """Text cells throughout, as dates and numbers with leading zeros survive only so. Written to disk row by row."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet(_UNPRINTABLE.sub("", name)[:31])
    sheet.append(list(columns))
    for page in pages:
        for row in page:
            cells = []
            for column in columns:
                cell = WriteOnlyCell(sheet, value=shown(row.get(column)))
                cell.data_type = "s"
                cells.append(cell)
            sheet.append(cells)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    book.save(file)
    file.seek(0)
    return FileResponse(
        file,
        as_attachment=True,
        filename=f"{name}.xlsx",
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )


FORMATS: dict[str, Callable[[str, Sequence[str], Pages], HttpResponseBase]] = {"csv": as_csv, "xlsx": as_xlsx}
