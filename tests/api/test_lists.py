"""Any list of the API: pages that never skip or repeat a row, filters that refuse what they do not know, files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook

from apps.access.errors import PermissionMissing
from apps.institutions.models import Institution
from apps.students.models import Student
from schoolops.api import exports, parameters
from schoolops.context import inside
from schoolops.tenancy.models import School

Get = Callable[..., Any]
FAMILIES = ["Ada", "Björk", "de Souza", "اليوسف", "王", ""]


def pupils(school: School, count: int, **more: Any) -> None:
    with inside(school):
        institution, _ = Institution.objects.get_or_create(code="MAIN", defaults={"name": "Main campus"})
        Student.objects.bulk_create(
            Student(
                institution=institution,
                admission_number=f"{number:04}",
                given_name=f"Pupil {number % 7}",
                family_name=FAMILIES[number % len(FAMILIES)],
                **more,
            )
            for number in range(count)
        )


@pytest.fixture
def get(db: None, settings: Any, oak: School, client_for: Callable[[School], Client]) -> Get:
    settings.ROOT_URLCONF = "tests.api.urls"

    def ask(address: str = "/pupils", *, school: School = oak, **query: Any) -> Any:
        return client_for(school).get(address, query)

    return ask


def refused_field(answer: Any) -> str:
    assert answer.status_code == 422, answer.content
    return str(answer.json()["errors"][0]["field"])


@pytest.mark.parametrize("sort", ["name", "-name", "mixed"])
@pytest.mark.parametrize("limit", [1, 7, 30, 31, 200])
def test_its_pages_together_are_the_whole_list_in_order(get: Get, oak: School, sort: str, limit: int) -> None:
    pupils(oak, 30)
    whole = [row["id"] for row in get(sort=sort, limit=200).json()["results"]]
    assert len(set(whole)) == 30
    seen: list[str] = []
    cursor = None
    while True:
        page = get(sort=sort, limit=limit, **({"cursor": cursor} if cursor else {})).json()
        seen += [row["id"] for row in page["results"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == whole


def test_a_row_added_while_somebody_turns_pages_neither_repeats_nor_hides_another(get: Get, oak: School) -> None:
    pupils(oak, 10)
    first = get(limit=5).json()
    with inside(oak):
        Student.objects.create(institution=Institution.objects.get(), admission_number="new", given_name="Aa")
    second = get(limit=200, cursor=first["next"]).json()
    ids = [row["id"] for row in first["results"] + second["results"]]
    assert len(ids) == len(set(ids)) == 10


def test_a_page_takes_one_query_however_long(get: Get, oak: School, query_count: Any) -> None:
    pupils(oak, 60)
    counts = []
    for limit in (1, 50):
        with query_count() as counted:
            get(limit=limit)
        counts.append([each for each in counted.statements if "students_student" in each])
    assert [len(each) for each in counts] == [1, 1]
    assert not any("COUNT(" in each for each in counts[1])


def test_a_cursor_is_good_for_its_own_list_only(get: Get, oak: School, elm: School) -> None:
    pupils(oak, 10)
    pupils(elm, 10)
    cursor = get(limit=2).json()["next"]
    assert get(cursor=cursor).status_code == 200
    assert refused_field(get(cursor=cursor, school=elm)) == "cursor"
    assert refused_field(get(cursor=cursor, q="pupil")) == "cursor"
    assert refused_field(get(cursor=cursor, sort="-name")) == "cursor"
    flipped = cursor[:3] + ("A" if cursor[3] != "A" else "B") + cursor[4:]
    for forged in (flipped, cursor[:-2], "W10", "…", "."):
        assert refused_field(get(cursor=forged)) == "cursor"


@pytest.mark.parametrize("limit", ["0", "201", "-1", "ten", "1.5", "٣٠٠"])
def test_a_limit_out_of_range_is_refused_by_name(get: Get, limit: str) -> None:
    assert refused_field(get(limit=limit)) == "limit"


def test_an_unknown_parameter_is_named_with_the_possible_ones(get: Get) -> None:
    answer = get(instituton_id="x")
    assert refused_field(answer) == "instituton_id"
    assert "institution_id" in answer.json()["errors"][0]["message"]


def test_a_filter_that_cannot_be_read_says_what_would_be_accepted(get: Get) -> None:
    answer = get(sex="yes", institution_id="7")
    assert {each["field"]: each["message"] for each in answer.json()["errors"]} == {
        "sex": "One of male, female.",
        "institution_id": "An id such as 0198c5b0-9d3e-7cc0-a1b2-3c4d5e6f7a8b.",
    }


def test_filters_leave_the_rows_they_say(get: Get, oak: School) -> None:
    pupils(oak, 14, sex="female")
    assert len(get(q="pupil 3").json()["results"]) == 2
    assert len(get(sex="female").json()["results"]) == 14
    assert get(sex="male").json() == {"results": [], "next": None}


def test_only_the_fields_asked_for_are_there(get: Get, oak: School) -> None:
    pupils(oak, 3)
    page = get(fields="full_name,id", limit=2).json()
    assert [list(row) for row in page["results"]] == [["full_name", "id"]] * 2
    assert len(get(fields="full_name", cursor=page["next"]).json()["results"]) == 1
    answer = get(fields="id,password")
    assert refused_field(answer) == "fields"
    assert "password" in answer.json()["errors"][0]["message"]
    assert "family_name" in answer.json()["errors"][0]["message"]


def test_one_row_has_its_version_and_what_only_one_row_says(get: Get, oak: School) -> None:
    pupils(oak, 1, middle_name="Lea")
    row = get().json()["results"][0]
    assert "middle_name" not in row
    answer = get(f"/pupils/{row['id']}")
    assert answer.json()["middle_name"] == "Lea"
    assert answer.headers["ETag"] == '"1"'
    assert get("/pupils/0198c5b0-9d3e-7cc0-a1b2-3c4d5e6f7a8b").status_code == 404


def test_a_new_row_says_where_it_is(get: Get, oak: School, client_for: Callable[[School], Client]) -> None:
    pupils(oak, 0)
    answer = client_for(oak).post(
        "/pupils", {"given_name": "Zoë", "admission_number": "9"}, content_type="application/json"
    )
    assert answer.status_code == 201
    assert get(answer.headers["Location"]).json()["given_name"] == "Zoë"


@pytest.mark.parametrize(
    ("header", "body", "seen"),
    [
        ('"3"', {}, 3), ('W/"3"', {}, 3), ("", {"version": 3}, 3), ('"3"', {"version": 3}, 3), ("*", {}, -1),
        ("", {}, None), ('"3"', {"version": 4}, None), ("three", {}, None), ("", {"version": "3"}, None),
        ("", {"version": True}, None), ("", {"version": -1}, None), ("", [], None), (f'"{"9" * 5000}"', {}, None),
        (" 3\t", {}, 3), ("\xa03", {}, None), ("\xa0", {"version": 3}, None), (" ", {"version": 3}, None),
    ],
)  # fmt: skip
def test_a_change_says_which_version_it_read(
    get: Get, oak: School, client_for: Callable[[School], Client], header: str, body: Any, seen: int | None
) -> None:
    answer = client_for(oak).patch(
        "/pupils/0198c5b0-9d3e-7cc0-a1b2-3c4d5e6f7a8b",
        body,
        content_type="application/json",
        headers={"If-Match": header} if header else {},
    )
    if seen is None:
        assert refused_field(answer) == "version"
    else:
        assert answer.json() == {"version": seen}


def test_a_body_beyond_the_limit_is_refused_without_being_read_whole(
    get: Get, oak: School, client_for: Callable[[School], Client], settings: Any
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
    body = b"[" + b"1," * 600_000 + b"1]"
    answer = client_for(oak).post("/pupils", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (413, "api:body-too-large")


# --- files ------------------------------------------------------------------------------------------------------------
DANGEROUS = "=cmd|'/c calc'!A1"


def test_a_csv_has_every_row_and_opens_in_a_spreadsheet(get: Get, oak: School, monkeypatch: Any) -> None:
    monkeypatch.setattr("schoolops.api.viewsets.EXPORT_PAGE", 4)
    pupils(oak, 11)
    answer = get(**{"as": "csv"})
    content = b"".join(answer.streaming_content)
    assert content.startswith(b"\xef\xbb\xbfid,given_name,")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="pupils.csv"'
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert [row["id"] for row in rows] == [row["id"] for row in get(limit=200).json()["results"]]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_a_csv_is_a_formula(start: str) -> None:
    assert exports.plain(f"{start}1+1").startswith("'")
    assert exports.plain(-1) == "-1"


def test_an_xlsx_has_every_row_as_text(get: Get, oak: School) -> None:
    pupils(oak, 3, preferred_name="")
    with inside(oak):
        Student.objects.filter(admission_number="0000").update(given_name=DANGEROUS, family_name="\x0b0042")
    content = b"".join(get(**{"as": "xlsx", "fields": "given_name,family_name,version"}).streaming_content)
    sheet = load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    cells = list(sheet.iter_rows(values_only=True))
    assert cells[0] == ("given_name", "family_name", "version")
    assert len(cells) == 4
    assert all(cell.data_type in {"s", "n"} for row in sheet.iter_rows() for cell in row)
    assert any(str(row[0]).lstrip("'") == DANGEROUS and row[1] == "0042" for row in cells)


def test_whoever_may_not_export_gets_no_file(get: Get, oak: School, monkeypatch: Any) -> None:
    def guard(user: Any) -> None:
        raise PermissionMissing(permission="exports.run")

    monkeypatch.setattr(exports, "_guards", [guard])
    assert get(**{"as": "csv"}).status_code == 403
    assert get().status_code == 200


IDS = (
    "{0198c5b0-9d3e-7cc0-a1b2-3c4d5e6f7a8b}", "0198c5b09d3e7cc0a1b23c4d5e6f7a8b",
    "urn:uuid:0198c5b0-9d3e-7cc0-a1b2-3c4d5e6f7a8b",
)  # fmt: skip


@pytest.mark.parametrize(
    ("read", "value"),
    [
        *((parameters.public_id, each) for each in IDS),
        *((parameters.day, each) for each in ("20261102", "2026-W45-1", "٢٠٢٦-11-02")),
        *((parameters.whole, each) for each in ("1_0", " 1", "1٣", "9" * 40)),
    ],
)
def test_what_python_reads_and_nobody_was_promised_is_refused(read: Callable[[str], Any], value: str) -> None:
    with pytest.raises(ValueError, match=r"^An? "):
        read(value)
