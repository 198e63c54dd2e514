"""Files as schools and their systems write them: what is promised is what comes, and sent again nothing does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from apps.accounts.models import User
from apps.exchange import services
from apps.exchange.models import Import, ImportRow
from apps.staff.models import TeachingAssignment
from apps.students.models import Guardian, Student, StudentGuardian
from tests.apps.exchange.sending import Read, applied, sent, told, words
from tests.factories import people
from tests.factories.people import Campus
from tests.support.kept import kept

Counts = Mapping[str, Mapping[str, int]]


@pytest.fixture
@kept
def main(registrar: User) -> Campus:
    """A campus with sections in three grades and four children in 7 B."""
    campus = people.a_school_year(sections=("6 A", "6 B", "7 A", "7 B", "8 A"))
    for number, each in enumerate(people.some_students(4, section=campus.sections["7 B"]), start=2):
        Student.objects.filter(pk=each.pk).update(admission_number=f"O7B0{number}")
    return campus


def counted(run: Import, kinds: Counts) -> dict[str, Any]:
    return {kind: run.counts.get(kind) for kind in kinds}


FURNISHED: tuple[tuple[str, Counts], ...] = (
    ("middle-names.csv", {"student": {"create": 3}, "place": {"create": 3}}),
    ("guardians-hard-to-reach.csv", {"guardian": {"create": 3}, "guardian-link": {"create": 4}}),
    ("guardian-in-two-rows.csv", {"guardian": {"create": 1}, "guardian-link": {"create": 2}}),
    ("marks-of-direction.csv", {"student": {"create": 3}}),
    ("sharp-s.csv", {"student": {"create": 2}, "place": {"create": 2}}),
    ("year-in-the-grade.csv", {"student": {"create": 3, "error": 1}, "place": {"create": 3}}),
    ("without-numbers.csv", {"student": {"error": 3}, "place": None}),
    ("old-mac.csv", {"student": {"create": 2}, "place": {"create": 2}}),
    ("title-and-total.xlsx", {"student": {"create": 2, "error": 0}}),
    ("failed-lookups.xlsx", {"student": {"create": 1, "error": 2}}),
    ("phones-with-words.csv", {"student": {"create": 3, "error": 1}}),
    ("american-days.csv", {"student": {"create": 3}}),
    ("zeros-typed.csv", {"student": {"create": 2}}),
    ("sex-not-said.csv", {"student": {"create": 2}}),
)
FRESH: tuple[tuple[str, Counts], ...] = (
    ("middle-name-in-a-bundle.zip", {"guardian-link": {"create": 2}}),
    ("full-year-beside-halves.zip", {"student": {"create": 1}}),
    ("one-code-twice.zip", {"class": {"create": 1, "error": 1}}),
    ("unread-columns.zip", {"student": {"create": 2}}),
    ("homeroom-of-three-grades.zip", {"section": {"error": 1}}),
    ("teacher.zip", {"assignment": {"create": 1}}),
)


def promised_and_kept(read: Read, name: str, expected: Counts) -> Import:
    run = sent(read, name)
    wanted = {kind: found and {each: rows for each, rows in found.items() if rows} for kind, found in expected.items()}
    assert counted(run, expected) == wanted, told(run)
    promise, wrong = run.counts, told(run)
    run = applied(run)
    assert (run.counts, told(run)) == (promise, wrong)
    again = sent(read, name)
    assert (again.total("create"), again.total("update")) == (0, 0), again.counts
    return run


@pytest.mark.parametrize(("name", "expected"), FURNISHED, ids=[name for name, _ in FURNISHED])
def test_in_a_school_that_runs(main: Campus, read: Read, name: str, expected: Counts) -> None:
    promised_and_kept(read, name, expected)


@pytest.mark.parametrize(("name", "expected"), FRESH, ids=[name for name, _ in FRESH])
def test_in_a_school_that_is_empty(registrar: User, read: Read, name: str, expected: Counts) -> None:
    promised_and_kept(read, name, expected)


def test_a_default_is_nobodys_decision(main: Campus, read: Read) -> None:
    applied(sent(read, "sex-not-said.csv"))
    assert applied(sent(read, "sex-said.csv")).counts["student"] == {"update": 2}
    assert set(Student.objects.filter(admission_number__startswith="SX").values_list("sex", flat=True)) == {
        "female", "male",
    }  # fmt: skip


def test_a_number_is_what_the_sheet_shows(main: Campus, read: Read) -> None:
    applied(sent(read, "zeros-typed.csv"))
    assert sent(read, "zeros-by-format.xlsx").counts["student"] == {"unchanged": 2}


def test_what_nobody_sees_is_no_part_of_a_value(main: Campus, read: Read) -> None:
    applied(sent(read, "marks-of-direction.csv"))
    assert sent(read, "typed-by-hand.csv").counts["student"] == {"unchanged": 2}
    assert "\u200c" in Student.objects.get(admission_number="IN-3").given_name


def test_a_cell_that_failed_is_refused_by_its_place(main: Campus, read: Read) -> None:
    run = sent(read, "failed-lookups.xlsx")
    assert [(row, code) for row, _, code in told(run)] == [(2, "cell-failed"), (3, "cell-failed")]
    assert "#N/A" in words(run)


def test_the_days_of_a_file_have_one_order(main: Campus, read: Read) -> None:
    run = applied(sent(read, "american-days.csv"))
    assert str(Student.objects.get(admission_number="US-2").birth_date) == "2014-04-02"
    assert "M/D/Y" in " ".join(note["message"] for note in run.notes)


def test_rows_about_one_guardian_are_read_together(main: Campus, read: Read) -> None:
    applied(sent(read, "guardian-in-two-rows.csv"))
    mia = Guardian.objects.get(given_name="Mia")
    assert (mia.phone, mia.address, mia.email) == ("0171 555 0188", "1 High Street", "mia.berg@example.org")
    assert StudentGuardian.objects.filter(guardian=mia).count() == 2


def test_phones_and_addresses_are_no_formulas_and_come_back_from_an_export(main: Campus, read: Read) -> None:
    applied(sent(read, "phones-with-words.csv"))
    assert Student.objects.get(admission_number="FO-1").phone == "+44 7700 900123 (mum)"
    Student.objects.filter(admission_number="FO-3").update(address="=1+1")
    from schoolops.api import exports  # noqa: PLC0415 - needs Django set up

    by = User.objects.get(username="erin")
    for form in ("csv", "xlsx"):
        pages = list(services.template_pages(source="students", by=by))
        answer: Any = exports.FORMATS[form]("students", services.template_headers("students"), pages)
        content = b"".join(answer.streaming_content)
        if form == "xlsx":
            answer.file_to_stream.close()
        run = read(content, f"students.{form}")
        assert run.total("error") == run.total("update") == run.total("create") == 0
        assert not ImportRow.objects.filter(run=run).exclude(kept={}).exists()


def test_grades_are_known_in_any_script_and_form(main: Campus, read: Read) -> None:
    run = applied(sent(read, "grades-as-written.csv"))
    levels = dict(Student.objects.values_list("admission_number", "enrolments__grade_level__code"))
    assert [levels[each] for each in ("GR-1", "GR-2", "GR-3", "0042")] == ["07"] * 4
    assert [row.values["code"] for row in ImportRow.objects.filter(run=run, kind="grade-level", action="create")] == [
        "G7"
    ]


def test_a_grade_without_a_year_is_said(registrar: User, read: Read) -> None:
    people.a_school_year(sections=()).year.delete()
    assert {code for _, column, code in told(sent(read, "no-year-yet.csv")) if column == "Grade"} == {
        "no-year-to-enrol-in"
    }


def test_a_preview_refuses_what_the_sender_may_not_write(main: Campus, read: Read) -> None:
    dave = people.a_user("dave", role="registrar")
    run = sent(read, "new-grade.csv", by=dave)
    promise = run.counts
    assert promise["student"] == {"create": 1, "error": 2}
    assert applied(run).counts == promise


def test_a_campus_that_is_not_said_is_asked_for_and_one_that_is_plain_is_found(main: Campus, read: Read) -> None:
    people.a_school_year()
    run = sent(read, "campus-not-said.csv")
    assert told(run)[0] == (2, "Campus", "campus-not-said")
    assert not {"SourcedId", "~", "|"} & set(words(run).split())
    assert "SourcedId" not in words(run)
    assert "~" not in words(run)
    run = sent(read, "guardian-of-one-campus.csv")
    assert run.counts["guardian-link"] == {"create": 1}


def test_children_without_a_number_are_not_each_other(main: Campus, read: Read) -> None:
    assert [code for _, _, code in told(sent(read, "without-numbers.csv"))] == [
        "value-missing", "value-missing", "formula",
    ]  # fmt: skip


def test_a_sheet_that_nobody_sees_is_not_read(main: Campus, read: Read) -> None:
    run = sent(read, "hidden-first-sheet.xlsx")
    assert (run.source, run.total("error")) == ("students", 0)


@pytest.mark.parametrize(
    "text", ["sep=;\r\nAdmission number;Given name\r\n1;Ada\r\n", "Admission number\tGiven name\n1\tAda\n"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_excel_saves_is_read(registrar: User, read: Read, text: str, encoding: str) -> None:
    people.a_school_year()
    assert read(text.encode(encoding), "students.csv").counts["student"] == {"create": 1}


@pytest.mark.parametrize("name", ["Zoë", "Jürgen", "Groß"])
def test_what_old_windows_saves_is_read_where_it_is_plain(registrar: User, read: Read, name: str) -> None:
    people.a_school_year()
    run = applied(read(f"Admission number,Given name\r\n1,{name}\r\n".encode("cp1252"), "students.csv"))
    assert Student.objects.get().given_name == name
    assert "Windows-1252" in " ".join(note["message"] for note in run.notes)


def test_columns_that_a_bundle_has_for_nothing_are_said(registrar: User, read: Read) -> None:
    run = sent(read, "unread-columns.zip")
    assert [note["message"] for note in run.notes] == [
        "users.csv: agents was read as agentSourcedIds.",
        "users.csv: grade was read as grades.",
    ]


def test_a_second_row_names_the_first(registrar: User, read: Read) -> None:
    run = sent(read, "one-code-twice.zip")
    [row] = list(ImportRow.objects.filter(run=run, kind="class", action="error"))
    assert row.errors[0]["facts"]["first"] != row.row


def test_a_homeroom_of_several_grades_says_what_a_section_is(registrar: User, read: Read) -> None:
    run = sent(read, "homeroom-of-three-grades.zip")
    assert [code for _, _, code in told(run)].count("grades-several") == 1
    assert "07, 08, 09" in words(run)


def test_who_becomes_an_assistant_is_one(registrar: User, read: Read) -> None:
    applied(sent(read, "teacher.zip"))
    run = applied(sent(read, "assistant.zip"))
    assert (run.counts["assignment"], TeachingAssignment.objects.get().kind) == ({"update": 1}, "assistant")
