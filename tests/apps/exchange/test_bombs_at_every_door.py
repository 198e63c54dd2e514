"""Every door that takes a file × every file that unfolds: the request looks at no more than a directory, the child that
reads it is stopped, and what was asked for at the same time is answered."""

from __future__ import annotations

import io
import os
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.accounts.models import User
from apps.accounts.services import open_login
from apps.exchange import services
from apps.exchange.models import Import, ImportRow
from apps.exchange.services.reading import apart, archive, books, open_document, parts, tables
from apps.institutions.models import Institution
from apps.students.models import Student
from schoolops.confined import Limits, Overrun, from_a_child
from schoolops.context import nowhere
from schoolops.errors import SchoolOpsError
from tests.apps.exchange import bombs
from tests.factories import people

FILES = {
    **{name: ("students.xlsx", make) for name, make in bombs.XLSX.items()},
    **{name: ("students.ods", make) for name, make in bombs.OPEN_DOCUMENT.items()},
    **{name: ("students.xls", make) for name, make in bombs.XLS.items()},
    **{name: ("roster.zip", make) for name, make in bombs.ZIP.items()},
    **{name: ("students.csv", make) for name, make in bombs.CSV.items()},
}
PICTURES = {**bombs.PICTURES, **bombs.SOUND_PICTURES}
Door = Callable[[bytes, str], Any]


# Of what a file may have: what reads it, and by what name.
LIMITS = (
    (archive, "SMALL"), (parts, "LARGEST_PART"), (parts, "MOST_ELEMENTS"), (tables, "MOST_TEXT"),
    *((module, "MOST_ROWS") for module in (books, open_document, parts, tables)),
)  # fmt: skip
LESS = 16


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    """Each bomb, made once, a sixteenth of what it could be."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bombs, "LESS", LESS)
        return {name: make() for name, make in [*((n, m) for n, (_, m) in FILES.items()), *PICTURES.items()]}


@pytest.fixture
def small(made: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The same, each as much beyond limits that are a sixteenth of themselves as whole ones are beyond theirs."""
    for module, name in LIMITS:
        monkeypatch.setattr(module, name, getattr(module, name) // LESS)
    return made


@pytest.fixture
def doors(in_oak: Any, client_for: Any, registrar: User) -> dict[str, Door]:
    """Every way in for a file, by name: content and a name → the answer."""
    campus: Institution = people.a_school_year().institution
    student = Student.objects.create(institution=campus, admission_number="1", given_name="Ada", family_name="Byron")
    token = open_login(registrar, label="test").access_token
    program = client_for(in_oak)
    browser = client_for(in_oak)
    browser.force_login(registrar, backend="apps.accounts.backends.LoginBackend")
    headers = {"Authorization": f"Bearer {token}"}

    def form(address: str, field: str, who: Any, **more: Any) -> Door:
        def send(content: bytes, name: str) -> Any:
            with nowhere():
                said = {field: SimpleUploadedFile(name, content), **more.get("said", {})}
                return who.post(address, said, headers=more.get("headers", {}))

        return send

    def body(method: str, address: str, kind: str) -> Door:
        def send(content: bytes, _name: str) -> Any:
            with nowhere():
                return program.generic(method, address, content, content_type=kind, headers=headers)

        return send

    return {
        "imports of the API": form("/api/v1/imports", "file", program, headers=headers),
        "a template filled in": form(
            "/api/v1/imports", "file", program, headers=headers, said={"kind": "students"}
        ),
        "imports of the office": form("/office/imports/", "file", browser),
        "a photo by the API": body("PUT", f"/api/v1/students/{student.sourced_id}/photo", "image/png"),
        "a photo in the office": form(
            f"/office/students/student/{student.pk}/act/photo/", "picture", browser
        ),
        "a logo by the API": body("PUT", f"/api/v1/institutions/{campus.sourced_id}/logo", "image/png"),
        "a logo in the office": form(
            f"/office/institutions/institution/{campus.pk}/act/logo/", "picture", browser
        ),
        "headers of an import": body("PUT", f"/api/v1/imports/{uuid4()}/mapping", "application/json"),
        "the late desk": form("/office/desk/", "file", browser),
        "a body of the API": body("POST", "/api/v1/students", "application/json"),
        "a form that takes no file": form("/office/logins/new/", "file", browser),
    }  # fmt: skip


@pytest.fixture
def unpacking(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What this process unpacked of archives."""
    opened: list[str] = []
    honest = zipfile.ZipFile.open

    def noted(self: zipfile.ZipFile, name: Any, *args: Any, **more: Any) -> Any:
        opened.append(str(name))
        return honest(self, name, *args, **more)

    monkeypatch.setattr(zipfile.ZipFile, "open", noted)
    return opened


def test_no_request_unpacks_what_it_is_sent(
    doors: dict[str, Door], small: dict[str, bytes], unpacking: list[str], settings: Any
) -> None:
    settings.RATE_LIMIT_FACTOR = 1_000
    tried = 0
    wrong = []
    for door, send in doors.items():
        for name, content in small.items():
            called = FILES[name][0] if name in FILES else "photo.png"
            answer = send(content, called)
            tried += 1
            if answer.status_code >= 500:
                wrong.append(f"{door} × {name}: {answer.status_code} {answer.content[:200]!r}")
    assert wrong == []
    assert unpacking == []
    assert tried == len(doors) * len(small) >= 450, f"{tried} cases"


@pytest.mark.parametrize("name", FILES)
def test_what_unfolds_is_refused_by_whoever_reads_it(
    registrar: User, small: dict[str, bytes], unpacking: list[str], name: str
) -> None:
    called, _ = FILES[name]
    try:
        run = services.receive(file=io.BytesIO(small[name]), name=called, by=registrar)
    except SchoolOpsError as refusal:
        said = refusal.code
    else:
        run = services.read_and_validate(run=run)
        assert run.state == Import.State.FAILED
        said = run.problem["code"]
    assert said.startswith("exchange:")
    assert ImportRow.objects.count() == 0
    # Not even the worker: its child did.
    assert unpacking == []


@pytest.mark.parametrize("name", bombs.SOUND_PICTURES)
def test_a_picture_with_odd_tags_is_a_picture(doors: dict[str, Door], made: dict[str, bytes], name: str) -> None:
    for door in ("a photo by the API", "a logo by the API"):
        assert doors[door](made[name], "").status_code == 204, door


@pytest.mark.parametrize("name", bombs.PICTURES)
def test_what_is_no_picture_is_refused_as_one(doors: dict[str, Door], made: dict[str, bytes], name: str) -> None:
    for door in ("a photo by the API", "a logo by the API"):
        assert doors[door](made[name], "").status_code in {400, 415, 422}, door


# --- the child --------------------------------------------------------------------------------------------------------
def _children() -> set[str]:
    return {each for task in Path("/proc/self/task").iterdir() for each in (task / "children").read_text().split()}


def _memory(_file: Any) -> Iterator[Any]:
    yield "begun"
    kept = []
    while True:
        kept.append(bytearray(16 * 2**20))


def _processor(_file: Any) -> Iterator[Any]:
    yield "begun"
    while True:
        pass


def _silence(_file: Any) -> Iterator[Any]:
    yield "begun"
    time.sleep(600)


def _killed(_file: Any) -> Iterator[Any]:
    yield "begun"
    os.kill(os.getpid(), 9)


def _breaks(_file: Any) -> Iterator[Any]:
    yield "begun"
    raise SystemExit(0)


def _shouts(_file: Any) -> Iterator[Any]:
    yield "begun"
    yield "x" * (2**20)


def _writes(_file: Any) -> Iterator[Any]:
    yield "begun"
    with tempfile.TemporaryFile() as out:
        out.write(b"x")
        out.flush()
    yield "written"


@pytest.mark.parametrize("work", [_memory, _processor, _silence, _killed, _breaks, _shouts, _writes])
def test_a_child_that_overruns_is_ended_and_its_parent_goes_on(work: Any) -> None:
    limits = Limits(memory=64 * 2**20, cpu_s=1, silent_s=3.0, message=2**16)
    with Path(os.devnull).open("rb") as file:
        before = _children()
        said = from_a_child(work, file, limits)
        assert next(said) == "begun"
        assert len(_children() - before) == 1
        with pytest.raises(Overrun):
            list(said)
    assert _children() == before


def test_a_reading_that_is_given_up_leaves_no_child(registrar: User) -> None:
    content = io.BytesIO(b"Admission number,Given name\n" + b"1,Ada\n" * 100_000)
    run = services.receive(file=content, name="students.csv", by=registrar)
    before = _children()
    with run.file.open("rb") as file:
        rows = apart.Reading("students.csv", "", {}, {}, bundle=False).rows(file)
        next(rows)
        assert len(_children() - before) == 1
        rows.close()
    assert _children() == before


def test_a_child_keeps_no_connection_of_its_parents(registrar: User) -> None:
    def open_files(_file: Any) -> Iterator[Any]:
        yield [str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]

    limits = Limits(memory=64 * 2**20, cpu_s=5, silent_s=10.0)
    with Path(os.devnull).open("rb") as file:
        (found,) = from_a_child(open_files, file, limits)
    assert not [each for each in found if each.startswith("socket:")]
