"""A secretary sends a roster, sees what would change, lets it be done, and takes it back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from apps.accounts.models import User
from apps.exchange import services
from apps.exchange.errors import ImportNotReady, ValueMissing
from apps.exchange.models import Import
from apps.office.shell.site import words_of
from apps.students.models import Student
from apps.students.services import change_student
from schoolops.queues.desk import requests
from tests.factories import people

Office = Callable[..., Any]
SHEET = b"Admission number,Given name,Family name,Phone\nN1,Ada,Byron,1\nN2,,Byron,2\n"


@pytest.fixture(autouse=True)
def _media(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def dave(in_oak: Any, school_day: Any) -> User:
    """The registrar of a school that has a year, and nobody in it."""
    people.a_school_year()
    return people.a_user("dave", role="registrar")


def sent(office: Office, user: User, content: bytes = SHEET, name: str = "students.csv") -> Any:
    return office(user).post("/office/imports/", {"file": SimpleUploadedFile(name, content), "kind": ""})


def page_of(office: Office, user: User, run: Import, query: str = "") -> str:
    answer = office(user).get(f"/office/imports/{run.sourced_id}/{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_from_the_file_to_the_students_and_back(office: Office, dave: User) -> None:
    answer = sent(office, dave)
    run = Import.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/office/imports/{run.sourced_id}/")
    assert "Being read" in page_of(office, dave, run)
    services.read_and_validate(run=run)
    page = page_of(office, dave, run)
    assert "Apply 1 changes and leave out what is wrong" in page
    assert "The file and its rows are kept until 11 Nov 2026." in page
    assert "This must not be empty." in page
    assert Student.objects.count() == 0
    address = f"/office/imports/{run.sourced_id}/"
    said = {"skip_errors": "1", "reading": "1"}
    assert '<input type="hidden" name="reading" value="1">' in page
    assert office(dave).post(f"{address}confirm/", said).status_code == 302
    assert "Being applied" in page_of(office, dave, run)
    services.apply(run=run)
    page = page_of(office, dave, run)
    assert "Take this import back" in page
    assert "The file and its rows are kept until 4 Dec 2026." in page
    assert Student.objects.get().full_name == "Ada Byron"
    assert office(dave).post(f"{address}undo/").status_code == 302
    services.undo(run=run)
    assert "Taken back" in page_of(office, dave, run)
    assert Student.objects.count() == 0


def test_what_was_set_by_hand_takes_the_files_in_a_column_or_a_row(office: Office, dave: User) -> None:
    sent(office, dave)
    run = services.read_and_validate(run=Import.objects.get())
    services.apply(run=services.confirm(run=run, reading=run.reading, skip_errors=True, by=dave))
    change_student(student=Student.objects.get(), fields={"phone": "5"}, expected_version=None, by=dave)
    sent(office, dave, SHEET.replace(b",1\n", b",7\n"))
    run = services.read_and_validate(run=Import.objects.latest("pk"))
    page = page_of(office, dave, run)
    assert "Students: take the file’s Phone in 1 row" in page
    assert 'aria-label="Take the file’s Phone of Ada Byron' in page
    row = run.rows.get(kind="student", row=2)
    take = f"/office/imports/{run.sourced_id}/take/"
    office(dave).post(take, {"shown": [row.pk], "cell": [f"{row.pk}:student.phone"]})
    services.read_and_validate(run=run)
    page = page_of(office, dave, run)
    assert "Phone: <del>5</del> <ins>7</ins>" in page
    assert f'value="{run.rows.get(kind="student", row=2).pk}:student.phone" aria-label' in page
    # What stands on another page of the list holds; a column is ticked beside it.
    office(dave).post(take, {"column": ["student.given_name"]})
    services.read_and_validate(run=run)
    run.refresh_from_db()
    assert run.takes == {"student.phone": ["students.csv:2"], "student.given_name": True}
    office(dave).post(take, {"shown": [run.rows.get(kind="student", row=2).pk]})
    services.read_and_validate(run=run)
    assert "Phone stays 5" in page_of(office, dave, run)


def test_the_difference_says_field_by_field_what_changes_and_what_stays(office: Office, dave: User) -> None:
    for content in (SHEET[: SHEET.index(b"N2")], SHEET[: SHEET.index(b"N2")].replace(b",1\n", b",7\n")):
        sent(office, dave, content)
        run = services.read_and_validate(run=Import.objects.latest("pk"))
        if not Student.objects.exists():
            services.apply(run=services.confirm(run=run, reading=run.reading, by=dave))
            change_student(
                student=Student.objects.get(), fields={"given_name": "Augusta"}, expected_version=None, by=dave
            )
    page = page_of(office, dave, run, "?kind=student&action=update")
    assert "Phone: <del>1</del> <ins>7</ins>" in page
    assert "Given name stays Augusta, set here by hand; the file says Ada" in page
    assert "No rows of that kind." in page_of(office, dave, run, "?action=create")


def test_what_is_wrong_comes_back_as_a_file(office: Office, dave: User) -> None:
    sent(office, dave)
    run = services.read_and_validate(run=Import.objects.get())
    answer = office(dave).get(f"/office/imports/{run.sourced_id}/errors.csv")
    text = b"".join(answer.streaming_content).decode()
    assert "students.csv,3,Given name,exchange:value-missing,This must not be empty." in text


def test_what_nobody_confirmed_in_time_says_so(office: Office, dave: User, later: Callable[..., None]) -> None:
    sent(office, dave)
    run = services.read_and_validate(run=Import.objects.get())
    later(days=8)
    services.clear_old_imports()
    page = page_of(office, dave, run)
    assert "Nobody confirmed it in time" in page
    assert "nothing of it was written. Send the file again." in page
    assert "Apply 1" not in page
    assert "Nobody confirmed it in time" in office(dave).get("/office/imports/").content.decode()


def test_headers_that_nobody_knows_are_mapped_once(office: Office, dave: User) -> None:
    sent(office, dave, b"Register entry,Given name\nN1,Ada\n")
    run = services.read_and_validate(run=Import.objects.get())
    page = page_of(office, dave, run)
    assert "has no column Admission number" in page
    said = {"header-0": "admission_number", "header-1": "given_name"}
    assert office(dave).post(f"/office/imports/{run.sourced_id}/mapping/", said).status_code == 302
    run.refresh_from_db()
    assert services.read_and_validate(run=run).total("create") == 1


def test_what_was_read_again_since_is_not_applied_unseen(office: Office, dave: User) -> None:
    sent(office, dave)
    run = services.read_and_validate(run=Import.objects.get())
    services.read_and_validate(run=services.map_headers(run=run, mapping={"Phone": ""}, by=dave))
    browser = office(dave)
    for said in ({"skip_errors": "1", "reading": "1"}, {"skip_errors": "1"}):
        answer = browser.post(f"/office/imports/{run.sourced_id}/confirm/", said, follow=True)
        page = answer.content.decode()
        # The page it leads to is the difference as it is now.
        assert "The file was read again since you looked at it." in page
        assert 'name="reading" value="2"' in page
    run.refresh_from_db()
    assert run.state == "validated"


def test_an_import_whose_job_came_to_nothing_says_so_and_goes_on(office: Office, dave: User) -> None:
    sent(office, dave)
    run = services.read_and_validate(run=Import.objects.get())
    run = services.confirm(run=run, reading=run.reading, skip_errors=True, by=dave, in_background=True)
    run.refresh_from_db()
    requests.cancel(run.job_id, user=None)
    page = page_of(office, dave, run)
    assert "Stopped half-way" in page
    assert "Its job was withdrawn." in page
    assert "0 of 1 rows are written; the others are not." in page
    assert "The file and its rows are kept until 4 Dec 2026." in page
    assert "Stopped half-way" in office(dave).get("/office/imports/").content.decode()
    assert "data-running" not in page
    assert "stopped; somebody has to look at it" in office(dave).get("/office/").content.decode()
    assert office(people.a_user("alice", role="head")).post(
        f"/office/imports/{run.sourced_id}/go-on/"
    ).status_code == 403  # fmt: skip
    assert office(dave).post(f"/office/imports/{run.sourced_id}/go-on/").status_code == 302
    assert "Being applied" in page_of(office, dave, run)
    assert services.apply(run=run).state == "applied"


def test_a_file_that_is_no_roster_is_refused_beside_the_form(office: Office, dave: User) -> None:
    answer = sent(office, dave, b"hello", "roster.zip")
    assert answer.status_code == 422
    assert "The archive is damaged" in answer.content.decode()


def test_the_head_looks_and_does_not_touch(office: Office, dave: User) -> None:
    sent(office, dave)
    run = services.read_and_validate(run=Import.objects.get())
    head = people.a_user("alice", role="head")
    page = page_of(office, head, run)
    assert "Apply 1" not in page
    assert office(head).post(f"/office/imports/{run.sourced_id}/confirm/", {}).status_code == 403
    assert office(people.a_user("bo", role="accountant")).get("/office/imports/").status_code == 403


def test_templates_and_the_bundle_are_there_to_take(office: Office, dave: User) -> None:
    page = office(dave).get("/office/imports/").content.decode()
    assert "Empty template" in page
    empty = office(dave).get("/office/imports/templates/students.csv?empty=1")
    assert b"".join(empty.streaming_content).startswith(b"\xef\xbb\xbfAdmission number,Given name")
    assert b"".join(office(dave).get("/office/imports/roster.zip").streaming_content).startswith(b"PK")


def test_a_refused_step_is_told_in_the_readers_language(office: Office, dave: User) -> None:
    sent(office, dave)
    run = Import.objects.get()
    User.objects.filter(pk=dave.pk).update(language="ar")
    dave.refresh_from_db()
    browser = office(dave)
    browser.post(f"/office/imports/{run.sourced_id}/undo/")
    page = browser.get(f"/office/imports/{run.sourced_id}/").content.decode()
    with translation.override("ar"):
        refusal = ImportNotReady(state=run.state)
        assert words_of(refusal) in page
        assert words_of(refusal) != refusal.detail


def test_what_was_wrong_with_a_file_and_its_rows_is_told_in_the_readers_language(office: Office, dave: User) -> None:
    User.objects.filter(pk=dave.pk).update(language="ar")
    dave.refresh_from_db()
    sent(office, dave)
    run = services.read_and_validate(run=Import.objects.latest("pk"))
    page = page_of(office, dave, run)
    assert "This must not be empty." not in page
    with translation.override("ar"):
        assert words_of(ValueMissing()) in page
    sent(office, dave, b"Register entry,Given name\nN1,Ada\n")
    run = services.read_and_validate(run=Import.objects.latest("pk"))
    page = page_of(office, dave, run)
    assert "has no column" not in page
    assert "Admission number" in page
