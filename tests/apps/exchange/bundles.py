"""A sound bundle with one child in it, and what strangers make of such files."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import Any

import pytest
from openpyxl import Workbook

Files = dict[str, str]
YEAR = "y1,,,2026-2027,schoolYear,2026-08-15,2027-07-20,,2027"
SESSIONS = "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear"
CLASSES = (
    "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,"
    "termSourcedIds,subjects,subjectCodes,periods"
)
USERS = (
    "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,"
    "identifier,email,sms,phone,agentSourcedIds,grades,password"
)
PLACES = "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate"
ADA = "s1,,,true,o1,student,ada,,Ada,Byron,,1001,,,,,07,"
ORGS = "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\no1,,,Harbour,school,H1,\n"
COURSES = (
    "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes\n"
    "c1,,,y1,Homeroom 07,HR07,07,o1,Homeroom,\n"
)
HOMEROOM = "k1,,,7 A,07,c1,HR-A,homeroom,,o1,y1,Homeroom,,"


def sound(**changed: str | None) -> Files:
    """A bundle with one child in it; a file can be given anew, or left out."""
    files: dict[str, str | None] = {
        "orgs": ORGS,
        "academicSessions": f"{SESSIONS}\n{YEAR}\n",
        "courses": COURSES,
        "classes": f"{CLASSES}\n{HOMEROOM}\n",
        "users": f"{USERS}\n{ADA}\n",
        "enrollments": f"{PLACES}\ne1,,,k1,o1,s1,student,,2026-08-15,\n",
        **changed,
    }
    kept = {name: text for name, text in files.items() if text is not None}
    listed = "".join(f"file.{name},bulk\n" for name in kept if name != "manifest")
    return {"manifest": f"propertyName,value\nmanifest.version,1.0\noneroster.version,1.1\n{listed}", **kept}


def zipped(files: Files, *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as bundle:
        for name, text in files.items():
            bundle.writestr(f"{name}.csv", text)
    return target.getvalue()


def with_entry(name: str, content: bytes = b"x", **more: Any) -> bytes:
    target = io.BytesIO(zipped(sound()))
    entry = zipfile.ZipInfo(name)
    for attribute, value in more.items():
        setattr(entry, attribute, value)
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(target, "a") as bundle:
        bundle.writestr(entry, content)
    return target.getvalue()


def twice() -> bytes:
    with pytest.warns(UserWarning, match="Duplicate name"):
        return with_entry("orgs.csv", ORGS.encode())


def encrypted() -> bytes:
    content = bytearray(zipped(sound()))
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    return bytes(content)


def lying_about_its_size() -> bytes:
    """The table of contents says ten bytes; the file is longer."""
    files = sound()
    content = bytearray(zipped(files))
    at = content.index(b"PK\x01\x02")
    struct.pack_into("<I", content, at + 24, 10)
    return bytes(content)


def damaged_in_the_middle() -> bytes:
    content = bytearray(zipped(sound(), method=zipfile.ZIP_STORED))
    at = content.index(b"Ada")
    content[at] = ord("X")
    return bytes(content)


def sheet(*rows: list[Any]) -> bytes:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def bomb_of_a_sheet() -> bytes:
    target = io.BytesIO(sheet(["Admission number", "Given name"]))
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/more.xml", b" " * 40_000_000)
    return target.getvalue()


def sheet_with_entities() -> bytes:
    source, target = io.BytesIO(sheet(["Admission number", "Given name"], ["1", "Ada"])), io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "xl/workbook.xml":
                content = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]>' + content
            new.writestr(entry.filename, content)
    return target.getvalue()


def sheet_damaged_inside() -> bytes:
    """The header is read, and what follows cannot be."""
    rows = [["Admission number", "Given name"], *([str(number), f"Ada{number}"] for number in range(3000))]
    source, target = io.BytesIO(sheet(*rows)), io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "xl/worksheets/sheet1.xml":
                content = content[: len(content) // 2] + b"<<" + content[len(content) // 2 :]
            new.writestr(entry.filename, content)
    return target.getvalue()


def sheet_of_many_texts() -> bytes:
    """Its sheet is small, and what all its cells say would be held at once."""
    target = io.BytesIO(sheet(["Admission number", "Given name"]))
    with zipfile.ZipFile(target, "a", zipfile.ZIP_STORED) as book:
        book.writestr("xl/more.xml", b"<sst>" + b" " * (32 * 2**20))
    return target.getvalue()
