"""Files that unfold: small to send, ruinous to read. Each a function of nothing that makes its bytes."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

from PIL import Image

from tests.apps.exchange.books import ods
from tests.apps.exchange.bundles import sheet, sound, zipped

MEGABYTE = 2**20
# So many times less is in each: for readers whose limits are as much lower.
LESS = 1
SHEET = "xl/worksheets/sheet1.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_SHARED = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"


def rebuilt(changed: dict[str, bytes], *, drop: tuple[str, ...] = (), types: str = "") -> bytes:
    """A sound spreadsheet with some of its parts given anew."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sheet(["Admission number", "Given name"], ["1", "Ada"]))) as source:
        parts = {name: source.read(name) for name in source.namelist() if name not in drop}
    if types:
        parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(b"</Types>", types.encode() + b"</Types>")
    parts |= changed
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return target.getvalue()


def texts(head: bytes = b"", size: int = 40) -> bytes:
    """Shared strings of ``size`` MB that pack well, but not too well."""
    size = size * MEGABYTE // LESS
    filler = b"".join(b"<si><t>%d</t></si>" % (number * 7919) for number in range(40_000))
    return head + b'<sst xmlns="' + MAIN.encode() + b'">' + filler * -(-size // len(filler)) + b"</sst>"


def strings(head: bytes = b"", size: int = 40) -> bytes:
    return rebuilt(
        {"xl/sharedStrings.xml": texts(head, size)},
        types=f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_SHARED}"/>',
    )


def rows(xml: bytes) -> bytes:
    return rebuilt(
        {SHEET: b'<worksheet xmlns="' + MAIN.encode() + b'"><sheetData>' + xml + b"</sheetData></worksheet>"}
    )


def many_rows() -> bytes:
    head = b"".join(b'<c t="inlineStr"><is><t>%s</t></is></c>' % each for each in (b"Admission number", b"Given name"))
    body = b"".join(b'<row r="%d"><c><v>%d</v></c><c><v>1</v></c></row>' % (n, n) for n in range(2, 600_000 // LESS))
    return rows(b'<row r="1">' + head + b"</row>" + body)


def far_row() -> bytes:
    return rows(b'<row r="1"><c t="inlineStr"><is><t>A</t></is></c></row><row r="1048576"><c><v>1</v></c></row>')


def many_columns() -> bytes:
    return rows(b'<row r="1">' + b"".join(b"<c><v>%d</v></c>" % n for n in range(300_000 // LESS)) + b"</row>")


def long_cells() -> bytes:
    """One text, pointed at by every cell."""
    cell = b'<c t="s"><v>0</v></c>'
    head = b'<row r="1"><c t="inlineStr"><is><t>Admission number</t></is></c></row>'
    body = b"".join(b'<row r="%d">%s</row>' % (n, cell * 30) for n in range(2, 20_000 // LESS))
    sst = b'<sst xmlns="' + MAIN.encode() + b'"><si><t>' + b"ab" * 16_000 + b"</t></si></sst>"
    sheet_xml = b'<worksheet xmlns="' + MAIN.encode() + b'"><sheetData>' + head + body + b"</sheetData></worksheet>"
    return rebuilt(
        {SHEET: sheet_xml, "xl/sharedStrings.xml": sst},
        types=f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_SHARED}"/>',
    )


def nested() -> bytes:
    depth = 200_000 // LESS
    return rebuilt({"xl/styles.xml": b"<a>" * depth + b"</a>" * depth})


def styles() -> bytes:
    one = b"".join(b'<xf numFmtId="%d"/>' % (n * 31) for n in range(50_000 // LESS))
    return rebuilt(
        {
            "xl/styles.xml": b'<styleSheet xmlns="'
            + MAIN.encode()
            + b'"><cellXfs>'
            + one * 40
            + b"</cellXfs></styleSheet>"
        }
    )


def entities(encoding: str) -> bytes:
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
        f'<worksheet xmlns="{MAIN}"><sheetData><row><c t="inlineStr"><is><t>&b;</t></is></c></row></sheetData>'
        "</worksheet>"
    )
    return rebuilt({SHEET: text.encode(encoding)})


def behind_a_comment(part: str) -> bytes:
    text = b"<!-- " + b"x" * 8000 + b" -->" + b'<!DOCTYPE a [<!ENTITY a "b">]><worksheet/>'
    return rebuilt({part: text})


def inside(name: str, content: bytes) -> bytes:
    return rebuilt({name: content})


def bundle_with(name: str, content: bytes) -> bytes:
    target = io.BytesIO(zipped(sound()))
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr(name, content)
    return target.getvalue()


def long_directory() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as bundle:
        for number in range(20_000):
            bundle.writestr(f"{number}.csv", b"")
    return target.getvalue()


def lying_end() -> bytes:
    """An end that says there is one entry, before a directory of thousands."""
    content = bytearray(long_directory())
    struct.pack_into("<HH", content, len(content) - 22 + 8, 1, 1)
    return bytes(content)


def csv_of_rows() -> bytes:
    return b"Admission number,Given name,Family name\n" + b"1,A,B\n" * (600_000 // LESS)


def csv_of_quotes() -> bytes:
    return b'Admission number,Given name\n1,"' + b"\n" * 4_000_000


def csv_line() -> bytes:
    return b"Admission number,Given name\n1," + b"A" * 3_000_000


XLSX: dict[str, Callable[[], bytes]] = {
    "shared strings": strings,
    "shared strings behind a comment that says worksheet": lambda: strings(b"<!-- worksheet -->"),
    "shared strings behind a mark and a comment": lambda: strings(b"\xef\xbb\xbf<!-- <worksheet> -->"),
    "shared strings in UTF-16": lambda: rebuilt(
        {"xl/sharedStrings.xml": texts(size=20).decode().encode("utf-16")},
        types=f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_SHARED}"/>',
    ),
    "shared strings called a sheet": lambda: rebuilt({"xl/worksheets/sheet9.xml": texts()}),
    "styles": styles,
    "rows": many_rows,
    "a row at the end of the world": far_row,
    "columns": many_columns,
    "a long text in every cell": long_cells,
    "nesting": nested,
    "entities": lambda: entities("utf-8"),
    "entities in UTF-16": lambda: entities("utf-16"),
    "entities behind a comment": lambda: behind_a_comment(SHEET),
    "entities in styles behind a comment": lambda: behind_a_comment("xl/styles.xml"),
    "entities in a part of no kind": lambda: behind_a_comment("docProps/odd.xml"),
    "XLSX inside XLSX": lambda: inside("xl/embeddings/more.xlsx", sheet(["a"], ["b"])),
    "XLSX inside XLSX under another name": lambda: inside("xl/media/image1.png", sheet(["a"], ["b"])),
    "ZIP in XLSX": lambda: inside("xl/embeddings/oleObject1.bin", zipped(sound())),
    "gzip in XLSX": lambda: inside("xl/media/image1.png", b"\x1f\x8b" + b"x" * 100),
}
ZIP: dict[str, Callable[[], bytes]] = {
    "ZIP in ZIP": lambda: bundle_with("more.zip", zipped(sound())),
    "ZIP in ZIP under another name": lambda: bundle_with("more.csv", zipped(sound())),
    "XLSX in ZIP": lambda: bundle_with("more.xlsx", sheet(["a"], ["b"])),
    "gzip in ZIP": lambda: bundle_with("notes.csv", b"\x1f\x8b" + b"x" * 100),
    "a directory of thousands": long_directory,
    "a directory that says it is short": lying_end,
    "zeros": lambda: bundle_with("zeros.csv", b"0" * (40 * MEGABYTE // LESS)),
    "rows in a bundle": lambda: zipped(sound(users="sourcedId,role\n" + "a,b\n" * (600_000 // LESS))),
}


def open_document(inner: str, *, head: str = "", more: dict[str, bytes] | None = None) -> bytes:
    """An OpenDocument spreadsheet whose one sheet begins as students do and goes on with ``inner``."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(ods({"Students": [["Admission number", "Given name"]]}))) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    content = parts["content.xml"].decode()
    declared, _, document = content.partition("?>")
    parts["content.xml"] = f"{declared}?>{head}{document.replace('</table:table>', f'{inner}</table:table>')}".encode()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, said in {**parts, **(more or {})}.items():
            made.writestr(name, said)
    return target.getvalue()


def again(rows: int, columns: int, times: int) -> str:
    """``times`` rows, each of which says that it stands there so often, and so do its cells."""
    cell = f'<table:table-cell table:number-columns-repeated="{columns}"><text:p>x</text:p></table:table-cell>'
    return f'<table:table-row table:number-rows-repeated="{rows}">{cell}</table:table-row>' * times


def compound(*sectors: bytes, first: int = 0) -> bytes:
    """A compound file (MS-CFB 2.2) of sectors of 512 bytes, whose allocation table is in the ``first``."""
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(10)
    head += struct.pack("<118I", 1, first, 0, 4096, first, 1, first, 1, *[first] * 110)
    return head[:512].ljust(512, b"\0") + b"".join(sectors)


OPEN_DOCUMENT: dict[str, Callable[[], bytes]] = {
    "rows that stand there again in ODS": lambda: open_document(again(99_999_999, 3, 20_000)),
    "columns that stand there again in ODS": lambda: open_document(again(1, 99_999_999, 200_000 // LESS)),
    "nesting in ODS": lambda: open_document("<text:p>" * (200_000 // LESS) + "</text:p>" * (200_000 // LESS)),
    "entities in ODS": lambda: open_document(again(1, 1, 1), head='<!DOCTYPE a [<!ENTITY b "bbbbbbbb">]>'),
    "a text of forty megabytes in ODS": lambda: open_document(
        again(1, 1, 1).replace("x", "0" * (40 * MEGABYTE // LESS))
    ),
    "ZIP in ODS": lambda: open_document(again(1, 1, 1), more={"Pictures/a.zip": zipped(sound())}),
}
XLS: dict[str, Callable[[], bytes]] = {
    "an old book of nothing": lambda: compound(bytes(4 * MEGABYTE)),
    "an old book whose table goes round": lambda: compound(
        bytes(512), struct.pack("<128I", *range(1, 128), 0), first=1
    ),
    "an old book of endless sectors": lambda: compound(struct.pack("<128I", *[0] * 128) * 8_000),
}
CSV: dict[str, Callable[[], bytes]] = {
    "rows in CSV": csv_of_rows,
    "a quotation that never ends": csv_of_quotes,
    "a line longer than a book": csv_line,
}


# --- pictures ---------------------------------------------------------------------------------------------------------
def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *more: bytes, body: bytes = b"") -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + b"".join(more) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def jpeg(**more: object) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (8, 8)).save(target, "JPEG", **more)
    return target.getvalue()


def with_exif(tail: bytes) -> bytes:
    return jpeg(exif=b"Exif\0\0MM\0*\0\0\0\x08" + tail)


def scans() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (3000, 3000)).save(target, "JPEG", progressive=True, quality=1)
    content = target.getvalue()
    at = content.rindex(b"\xff\xda")
    return content[:at] + content[at:-2] * 4000 + content[-2:]


PICTURES: dict[str, Callable[[], bytes]] = {
    "a million pixels on each side": lambda: png(1_000_000, 1_000_000, body=zlib.compress(b"\0" * 1000)),
    "wide and low": lambda: png(4_000_000, 1, body=zlib.compress(b"\0" * 1000)),
    "a text that unfolds": lambda: png(
        8, 8, _chunk(b"zTXt", b"a\0\0" + zlib.compress(b"x" * (200 * MEGABYTE // LESS))), body=zlib.compress(b"\0" * 72)
    ),
    "a profile that unfolds": lambda: png(
        8, 8, _chunk(b"iCCP", b"a\0\0" + zlib.compress(b"x" * (200 * MEGABYTE // LESS))), body=zlib.compress(b"\0" * 72)
    ),
    "scans": scans,
    "cut off": lambda: jpeg()[:200],
    "a spreadsheet": lambda: sheet(["a"], ["b"]),
    "nothing": lambda: b"",
    "a program": lambda: b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
}
# Pictures all the same, whatever stands beside them.
SOUND_PICTURES: dict[str, Callable[[], bytes]] = {
    "tags that end nowhere": lambda: with_exif(b"\xff\xff\x01\x12"),
    "a tag of the wrong type": lambda: with_exif(
        b"\0\x02\x01\x02\0\x02\0\0\0\x05\0\0\0\x26\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\x002020\0"
    ),
    "an orientation that is a text": lambda: with_exif(b"\0\x01\x01\x12\0\x02\0\0\0\x04abc\0\0\0\0\0"),
    "an orientation that is nothing": lambda: with_exif(
        b"\0\x01\x01\x12\0\x05\0\0\0\x01\0\0\0\x1a\0\0\0\0\0\0\0\0\0\0\0\0"
    ),
}
