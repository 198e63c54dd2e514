"""Marks go out as a spreadsheet and come back: what differs is shown, and only that is entered."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation
from openpyxl import Workbook, load_workbook

from apps.accounts.models import User
from apps.examinations import services as exams
from apps.examinations.errors import PaperUnknown, SessionUnknown
from apps.examinations.models import Exam, ExamSession, Mark, MarkChange
from apps.exchange import errors, services
from apps.exchange.models import MarkFile, MarkFileRow
from apps.exchange.selectors.marks import is_stopped, mark_file_of
from apps.students.models import Student
from schoolops.errors import Unavailable
from tests.apps.asking import asking
from tests.factories.exams import a_course, a_paper, an_exam_session, enter
from tests.factories.people import SCHOOL_DAY, Campus, a_user, students_in
from tests.support.kept import kept

BEFORE = SCHOOL_DAY - dt.timedelta(days=1)
# Where they stand as they are written.
NUMBER, STUDENT, ADMISSION, MARK, KEY = range(5)
Lines = list[list[Any]]


@pytest.fixture
@kept
def session(campus: Campus, alice: User) -> ExamSession:
    return an_exam_session(campus, by=alice)


@pytest.fixture
@kept
def paper(session: ExamSession, campus: Campus, alice: User) -> Exam:
    """7 B's paper in mathematics, of 80 marks, with two entered: 50 and absent."""
    made = a_paper(session, campus.section, a_course(campus), by=alice, day=BEFORE)
    ExamSession.objects.filter(pk=session.pk).update(state="marking")
    one, other = students_in(campus.section)[:2]
    return enter(made, {one: "50", other: "absent"}, by=alice)


@pytest.fixture
def class_of(campus: Campus) -> list[Student]:
    return students_in(campus.section)


def taken(exam: Exam, by: User, **more: Any) -> Any:
    """The spreadsheet of a session, opened."""
    file = io.BytesIO()
    services.write_mark_file(session=exam.session.sourced_id, into=file, by=by, **more)
    return load_workbook(file)


def lines_of(book: Any) -> Lines:
    return [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]


def sent(exam: Exam, by: User, *sheets: Sequence[Sequence[Any]], **more: Any) -> MarkFile:
    """A spreadsheet with these sheets, received and compared."""
    book = Workbook()
    book.remove(book.active)
    for number, lines in enumerate(sheets):
        sheet = book.create_sheet(f"Sheet {number}")
        for line in lines:
            sheet.append(list(line))
    file = io.BytesIO()
    book.save(file)
    run = services.receive_marks(session=exam.session.sourced_id, file=file, name="marks.xlsx", by=by, **more)
    return services.compare_marks(run)


def entered(run: MarkFile, by: User, *, replacing: bool = False) -> MarkFile:
    return services.apply_marks(services.confirm_marks(run=run, replacing=replacing, by=by))


def filled(lines: Lines, marks: dict[Student, Any]) -> Lines:
    """The same with these marks typed in."""
    by_key = {str(student.sourced_id): said for student, said in marks.items()}
    made = [list(line) for line in lines]
    for line in made[2:]:
        line[MARK] = by_key.get(line[KEY].rpartition("/")[2], line[MARK])
    return made


def marks_of(paper: Exam) -> dict[int, str]:
    rows = Mark.objects.filter(exam=paper).exclude(status="not-entered")
    return {row.student_id: str(row.score if row.score is not None else row.status) for row in rows}


def actions(run: MarkFile) -> dict[str, str]:
    rows = MarkFileRow.objects.filter(run=run).exclude(action="unchanged")
    return {row.name: row.action for row in rows}


def codes(run: MarkFile) -> set[tuple[str, str]]:
    rows = MarkFileRow.objects.filter(run=run)
    return {(error["column"], error["code"]) for row in rows for error in row.errors}


# --- there and back -------------------------------------------------------------------------------------------------
def test_what_was_taken_away_and_sent_back_changes_nothing(paper: Exam, alice: User, class_of: list[Student]) -> None:
    lines = lines_of(taken(paper, alice))
    assert [line[MARK] for line in lines[2:4]] == [50, "A"]
    assert [line[STUDENT] for line in lines[2:]] == [str(student) for student in class_of]
    run = sent(paper, alice, lines)
    assert (run.state, run.counts) == ("validated", {"unchanged": len(class_of)})
    assert entered(run, alice).counts["written"] == 0
    assert MarkChange.objects.filter(exam=paper, marks_version__gt=1).count() == 0


def test_only_cells_that_were_touched_are_entered(paper: Exam, bob: User, class_of: list[Student]) -> None:
    one, other, third, fourth = class_of[:4]
    lines = lines_of(taken(paper, bob))
    run = sent(paper, bob, filled(lines, {one: "51,5", other: None, third: 7.25, fourth: "Exempt"}))
    assert actions(run) == {str(one): "update", str(other): "update", str(third): "create", str(fourth): "create"}
    assert entered(run, bob).counts["written"] == 4
    assert marks_of(paper) == {one.pk: "51.50", third.pk: "7.25", fourth.pk: "exempt"}
    assert MarkChange.objects.filter(exam=paper, marks_version=2).count() == 4


def test_the_same_sent_again_changes_nothing(paper: Exam, alice: User, class_of: list[Student]) -> None:
    lines = filled(lines_of(taken(paper, alice)), {class_of[0]: "60"})
    entered(sent(paper, alice, lines), alice)
    again = sent(paper, alice, lines)
    assert again.counts == {"unchanged": len(class_of)}
    with pytest.raises(errors.MarkFileNotReady):
        services.apply_marks(entered(again, alice))
    with pytest.raises(errors.MarkFileNotReady):
        services.confirm_marks(run=again, by=alice)
    assert Exam.objects.get(pk=paper.pk).marks_version == 2


def _sorted(lines: Lines) -> Lines:
    return [*lines[:2], *sorted(lines[2:], key=lambda line: str(line[KEY]))]


def _moved(lines: Lines) -> Lines:
    return [[line[-1], *line[3:4], "note", *line[:3]] if len(line) > 1 else line for line in lines]


def _within_others(lines: Lines) -> Lines:
    return [["Results of the department"], [], *lines, ["", "Total", "", "", ""]]


@pytest.mark.parametrize("changed", [_sorted, _moved, _within_others])
def test_rows_are_sorted_and_columns_moved_as_one_likes(
    paper: Exam, alice: User, class_of: list[Student], changed: Callable[[Lines], Lines]
) -> None:
    lines = filled(lines_of(taken(paper, alice)), {class_of[2]: 33})
    run = sent(paper, alice, changed(lines))
    assert (actions(run), run.problem) == ({str(class_of[2]): "create"}, None)
    entered(run, alice)
    assert marks_of(paper)[class_of[2].pk] == "33.00"


def test_a_sheet_is_understood_in_whichever_language_it_was_taken(
    paper: Exam, alice: User, class_of: list[Student]
) -> None:
    with translation.override("ar"):
        lines = lines_of(taken(paper, alice))
        absent = translation.gettext("Absent")
    assert lines[1][MARK] != "Mark"
    assert absent != "Absent"
    run = sent(paper, alice, filled(lines, {class_of[2]: "\u0667\u066b\u0665", class_of[3]: absent}))
    assert entered(run, alice).counts["written"] == 2
    assert marks_of(paper)[class_of[2].pk] == "7.50"
    assert marks_of(paper)[class_of[3].pk] == "absent"


def test_a_session_is_a_sheet_for_each_paper_of_whoever_asks(
    paper: Exam, campus: Campus, alice: User, bob: User
) -> None:
    a_paper(paper.session, campus.sections["7 C"], a_course(campus), by=alice, day=BEFORE)
    assert len(taken(paper, alice).worksheets) == 2
    assert len(taken(paper, alice, section=campus.section.sourced_id).worksheets) == 1
    # Bob teaches 7 B alone.
    (sheet,) = taken(paper, bob).worksheets
    assert sheet.column_dimensions["E"].hidden
    with pytest.raises(PaperUnknown):
        taken(paper, bob, section=campus.sections["7 C"].sourced_id)
    with pytest.raises(SessionUnknown):
        taken(paper, a_user("dora", role="teacher"))


# --- meanwhile ------------------------------------------------------------------------------------------------------
def test_what_somebody_else_entered_meanwhile_is_shown_and_stays(
    paper: Exam, alice: User, bob: User, class_of: list[Student]
) -> None:
    one, _, third = class_of[:3]
    lines = filled(lines_of(taken(paper, alice)), {one: 60, third: 12})
    exams.correct_marks(paper=paper.sourced_id, touched=[exams.Written(one.sourced_id, "55")], seen_version=1, by=bob)
    run = sent(paper, alice, lines)
    assert actions(run) == {str(one): "meanwhile", str(third): "create"}
    row = MarkFileRow.objects.get(run=run, action="meanwhile")
    assert (row.was, row.now, row.said) == ("50", "55", "60")
    assert entered(run, alice).counts["written"] == 1
    assert (marks_of(paper)[one.pk], marks_of(paper)[third.pk]) == ("55.00", "12.00")
    entered(sent(paper, alice, lines), alice, replacing=True)
    assert marks_of(paper)[one.pk] == "60.00"


def test_what_others_entered_in_cells_left_alone_stays(
    paper: Exam, alice: User, bob: User, class_of: list[Student]
) -> None:
    one, other, third = class_of[:3]
    lines = filled(lines_of(taken(paper, alice)), {third: 12})
    more = [exams.Written(one.sourced_id, "55"), exams.Written(other.sourced_id, "5")]
    exams.correct_marks(paper=paper.sourced_id, touched=more, seen_version=1, by=bob)
    entered(sent(paper, alice, lines), alice)
    assert marks_of(paper) == {one.pk: "55.00", other.pk: "5.00", third.pk: "12.00"}


def test_a_paper_that_changes_once_more_after_it_was_looked_at_is_left(
    paper: Exam, alice: User, bob: User, class_of: list[Student]
) -> None:
    run = sent(paper, alice, filled(lines_of(taken(paper, alice)), {class_of[0]: 60}))
    touched = [exams.Written(class_of[0].sourced_id, "55")]
    exams.correct_marks(paper=paper.sourced_id, touched=touched, seen_version=1, by=bob)
    done = entered(run, alice)
    assert done.counts["written"] == 0
    assert done.papers[0]["problem"]["code"] == "examinations:marks-changed-meanwhile"
    assert marks_of(paper)[class_of[0].pk] == "55.00"


# --- refused --------------------------------------------------------------------------------------------------------
def test_each_cell_that_cannot_be_is_named_and_the_others_are_entered(
    paper: Exam, alice: User, class_of: list[Student]
) -> None:
    lines = lines_of(taken(paper, alice))
    said = ["81", "1e5", "=SUM(A1:A3)", "NaN", "20"]
    run = sent(paper, alice, filled(lines, dict(zip(class_of, said, strict=False))))
    assert codes(run) >= {("Mark", "above-max"), ("Mark", "exponent"), ("Mark", "exchange:formula")}
    assert run.counts["error"] == 4
    assert entered(run, alice).counts["written"] == 1
    assert marks_of(paper)[class_of[4].pk] == "20.00"


def test_a_row_is_of_the_student_it_names(paper: Exam, alice: User, class_of: list[Student]) -> None:
    lines = lines_of(taken(paper, alice))
    # Names and numbers were sorted, and the keys were not.
    lines[2][STUDENT:MARK], lines[3][STUDENT:MARK] = lines[3][STUDENT:MARK], lines[2][STUDENT:MARK]
    stranger = f"{paper.sourced_id}/1/{paper.sourced_id}"
    lines += [["", "Nobody", "", 7, stranger], ["", "Somebody", "", 7, ""], list(lines[4])]
    run = sent(paper, alice, lines)
    assert codes(run) == {
        ("Student", "exchange:mark-of-another-student"), ("Student", "not-in-the-class"),
        ("Key", "exchange:mark-key-missing"), ("Student", "named-twice"),
    }  # fmt: skip


def _of_another_session(paper: Exam, campus: Campus, by: User) -> Exam:
    session = an_exam_session(campus, by=by, name="Mocks")
    made = a_paper(session, campus.section, a_course(campus), by=by, day=BEFORE - dt.timedelta(days=1))
    ExamSession.objects.filter(pk=session.pk).update(state="marking")
    return made


def test_a_sheet_of_another_paper_is_refused(paper: Exam, campus: Campus, alice: User) -> None:
    other = _of_another_session(paper, campus, alice)
    run = sent(paper, alice, lines_of(taken(other, alice)))
    assert run.papers[0]["problem"]["code"] == "exchange:marks-of-another-paper"
    assert run.counts == {"error": len(students_in(campus.section))}
    alone = sent(paper, alice, lines_of(taken(paper, alice)), paper=paper.sourced_id)
    assert alone.papers[0]["problem"] is None
    second = a_paper(paper.session, campus.section, a_course(campus, "Physics"), by=alice, day=BEFORE, room="9",
                     starts_at=dt.time(12), ends_at=dt.time(13))  # fmt: skip
    run = sent(paper, alice, lines_of(taken(second, alice, paper=second.sourced_id)), paper=paper.sourced_id)
    assert run.papers[0]["problem"]["code"] == "exchange:marks-of-another-paper"


@pytest.mark.parametrize(("version", "code"), [("9", "exchange:marks-ahead"), ("0", "exchange:versions-mixed")])
def test_a_sheet_has_one_version_that_there_is(paper: Exam, alice: User, version: str, code: str) -> None:
    lines = lines_of(taken(paper, alice))
    some = lines[2:] if version == "9" else lines[2:4]
    for line in some:
        line[KEY] = line[KEY].replace("/1/", f"/{version}/")
    run = sent(paper, alice, lines)
    assert run.papers[0]["problem"]["code"] == code


def test_a_closed_paper_says_so_before_anything_is_entered(paper: Exam, alice: User, class_of: list[Student]) -> None:
    lines = filled(lines_of(taken(paper, alice)), {class_of[0]: 60})
    ready = sent(paper, alice, lines)
    ExamSession.objects.filter(pk=paper.session_id).update(state="moderation")
    assert sent(paper, alice, lines).papers[0]["problem"]["code"] == "examinations:not-marking"
    assert entered(ready, alice).papers[0]["problem"]["code"] == "examinations:not-marking"
    assert marks_of(paper)[class_of[0].pk] == "50.00"


def test_a_file_without_marks_is_refused_as_a_whole(paper: Exam, alice: User) -> None:
    run = sent(paper, alice, [["Student", "Mark"], ["Amina", 7]])
    assert (run.state, run.problem and run.problem["code"]) == ("failed", "exchange:no-marks-in-file")
    lines = lines_of(taken(paper, alice))
    lines[1][NUMBER] = "Mark"
    twice = sent(paper, alice, lines)
    assert twice.problem is not None
    assert twice.problem["code"] == "exchange:column-twice"
    with pytest.raises(errors.MarkFileKindUnknown):
        services.receive_marks(
            session=paper.session.sourced_id, file=io.BytesIO(b"Student,Mark"), name="marks.csv", by=alice
        )


def test_a_file_is_of_whoever_sent_it(paper: Exam, alice: User, bob: User) -> None:
    run = sent(paper, alice, lines_of(taken(paper, alice)))
    assert asking(bob).get(f"mark-files/{run.sourced_id}").status_code == 404
    with pytest.raises(errors.MarkFileUnknown):
        services.confirm_marks(run=run, by=bob)
    shown = asking(alice).get(f"mark-files/{run.sourced_id}").json()
    assert (shown["state"], shown["papers"][0]["at"]) == ("validated", 1)
    rows = asking(alice).get(f"mark-files/{run.sourced_id}/rows?action=unchanged").json()["results"]
    assert rows[0]["said"] == "50"


def test_it_is_kept_for_a_week(paper: Exam, alice: User) -> None:
    run = sent(paper, alice, lines_of(taken(paper, alice)))
    assert services.clear_old_marks() == 0
    MarkFile.objects.update(received_at=run.received_at - dt.timedelta(days=8))
    assert services.clear_old_marks() == 1
    assert MarkFileRow.objects.count() == 0
    with pytest.raises(errors.MarkFileNotReady):
        services.confirm_marks(run=run, by=alice)


def test_a_worker_that_dies_half_way_has_entered_nothing(
    paper: Exam, campus: Campus, alice: User, class_of: list[Student], monkeypatch: pytest.MonkeyPatch
) -> None:
    second = a_paper(paper.session, campus.section, a_course(campus, "Physics"), by=alice, day=BEFORE, room="9",
                     starts_at=dt.time(12), ends_at=dt.time(13))  # fmt: skip
    book = taken(paper, alice)
    sheets = [[[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book.worksheets]
    staged = sent(paper, alice, *[filled(each, {class_of[0]: 60}) for each in sheets])
    run = services.confirm_marks(run=staged, by=alice)
    enter_for_good, entered_of = exams.correct_marks, []

    def die_at_the_second(**said: Any) -> Exam:
        entered_of.append(said["paper"])
        if len(entered_of) == 2:
            raise Unavailable
        return enter_for_good(**said)

    with monkeypatch.context() as patched:
        patched.setattr(exams, "correct_marks", die_at_the_second)
        with pytest.raises(Unavailable):
            services.apply_marks(run)
    assert marks_of(paper)[class_of[0].pk] == "50.00"
    # The next try enters all of it, each paper once.
    assert services.apply_marks(MarkFile.objects.get(pk=run.pk)).counts["written"] == 2
    assert {each.marks_version for each in Exam.objects.all()} == {2, 1}
    assert marks_of(second) == {class_of[0].pk: "60.00"}


def test_a_worker_reads_and_enters_it(paper: Exam, alice: User, class_of: list[Student]) -> None:
    lines = filled(lines_of(taken(paper, alice)), {class_of[0]: Decimal("0.05")})
    run = mark_file_of(sent(paper, alice, lines).sourced_id, by=alice)
    read_by = run.job_id
    assert read_by is not None
    assert not is_stopped(run)
    services.confirm_marks(run=run, by=alice)
    assert mark_file_of(run.sourced_id, by=alice).job_id not in {None, read_by}


# --- by component -----------------------------------------------------------------------------------------------------
@pytest.fixture
def by_component(session: ExamSession, campus: Campus, alice: User) -> Exam:
    """A paper of 7 B with two components, of which 40 and 7 are entered."""
    made = a_paper(session, campus.section, a_course(campus), by=alice, day=BEFORE)
    parts = [exams.Component(name="Theory", max_marks=Decimal(60)), exams.Component(name="Oral", max_marks=Decimal(20))]
    exams.set_components(paper=made.sourced_id, components=parts, expected_version=None, by=alice)
    ExamSession.objects.filter(pk=session.pk).update(state="marking")
    one = students_in(campus.section)[0]
    written = [
        exams.Written(one.sourced_id, said, None, part.sourced_id)
        for part, said in zip(made.components.all(), ("40", "7"), strict=True)
    ]
    return exams.correct_marks(paper=made.sourced_id, touched=written, seen_version=0, by=alice)


def test_each_component_has_a_sheet_that_goes_there_and_back(
    by_component: Exam, alice: User, class_of: list[Student]
) -> None:
    one, other = class_of[:2]
    book = taken(by_component, alice)
    assert len({sheet.title for sheet in book.worksheets}) == 2
    theory, oral = ([[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book.worksheets)
    assert ("Theory" in theory[0][0], "Oral" in oral[0][0]) == (True, True)
    assert (theory[2][MARK], oral[2][MARK]) == (40, 7)
    run = sent(by_component, alice, theory, oral)
    assert run.counts == {"unchanged": 2 * len(class_of)}

    def typed(lines: Lines, marks: dict[Student, Any]) -> Lines:
        by_key = {str(student.sourced_id): said for student, said in marks.items()}
        made = [list(line) for line in lines]
        for line in made[2:]:
            line[MARK] = by_key.get(line[KEY].split("/")[2], line[MARK])
        return made

    run = sent(by_component, alice, typed(theory, {one: 45, other: 30}), typed(oral, {other: "15,5", one: 21}))
    assert codes(run) == {("Mark", "above-max")}
    assert entered(run, alice).counts["written"] == 3
    assert marks_of(by_component) == {one.pk: "52.00", other.pk: "45.50"}
    # Beside what somebody entered meanwhile in the one component, the other is nobody's news.
    theory, oral = ([[cell.value for cell in row] for row in sheet] for sheet in taken(by_component, alice).worksheets)
    part = by_component.components.last()
    exams.correct_marks(
        paper=by_component.sourced_id, touched=[exams.Written(one.sourced_id, "9", None, part.sourced_id)],
        seen_version=Exam.objects.get(pk=by_component.pk).marks_version, by=alice,
    )  # fmt: skip
    run = sent(by_component, alice, typed(theory, {one: 46}), typed(oral, {one: 8}))
    assert sorted(row.action for row in MarkFileRow.objects.filter(run=run, name=str(one))) == ["meanwhile", "update"]
