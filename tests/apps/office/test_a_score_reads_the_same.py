"""A score is worth the same wherever it is read: on the page, by the API, in a spreadsheet, on paper."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from openpyxl import load_workbook
from pypdf import PdfReader

from apps.accounts.models import User
from apps.examinations.models import ExamSession, GradingScale
from apps.exchange import services as exchange
from apps.reports import services as reports
from apps.reports.models import ReportCard
from tests.apps.asking import asking
from tests.factories import cards, exams
from tests.factories.people import SCHOOL_DAY, Campus, students_in

# At and beside bounds of bands, and where a half is rounded: of 80 marks.
SCORES = ["0", "31.99", "32", "39.6", "40", "47.96", "59.6", "63.59", "63.6", "79.59", "79.6", "80"]
# The marks that keep a text's direction are no part of it.
UNMARKED = dict.fromkeys(range(0x2066, 0x206A))


def test_a_score_reads_the_same_on_the_page_by_the_api_in_a_spreadsheet_and_on_paper(
    campus: Campus, alice: User, office: Callable[..., Any]
) -> None:
    session = exams.an_exam_session(campus, by=alice)
    day = SCHOOL_DAY - dt.timedelta(days=1)
    paper = exams.a_paper(session, campus.section, exams.a_course(campus), by=alice, day=day)
    ExamSession.objects.filter(pk=session.pk).update(state="marking")
    there = students_in(campus.section)
    exams.enter(paper, dict(zip(there, SCORES, strict=True)), by=alice)
    records = {
        each["student_id"]: each for each in asking(alice).get(f"exams/{paper.sourced_id}/marks").json()["records"]
    }
    bands = GradingScale.objects.get(pk=paper.scale_id).bands.order_by("lower").values_list("lower", "code")
    page = office(alice).get(f"/office/exams/papers/{paper.sourced_id}/marks/").content.decode()
    file = io.BytesIO()
    exchange.write_mark_file(session=paper.session.sourced_id, into=file, by=alice)
    sheet = {
        str(line[-1]).rpartition("/")[2]: line[-2]
        for line in load_workbook(file).worksheets[0].iter_rows(min_row=3, values_only=True)
    }
    session = cards.computed(paper.session, by=alice)
    cards.read_cards(session, campus.section, by=alice)
    for student, score in zip(there, SCORES, strict=True):
        worth = (Decimal(score) * 100 / 80).quantize(Decimal(1), ROUND_HALF_UP)
        grade = [code for lower, code in bands if lower <= worth][-1]
        told = records[str(student.sourced_id)]
        assert (Decimal(told["score"]), told["percent"], told["grade"]) == (Decimal(score), str(worth), grade)
        row = page[page.index(f'name="mark-{student.sourced_id}" value="{Decimal(score).normalize():f}"') :]
        row = row[: row.index("</tr>")]
        assert f">{worth} %<" in row
        assert f"<bdi>{grade}</bdi>" in row
        assert Decimal(str(sheet[str(student.sourced_id)])) == Decimal(score)
        card = ReportCard.objects.get(student=student)
        printed = PdfReader(io.BytesIO(reports.print_card(card))).pages[0].extract_text().translate(UNMARKED)
        for said in (f"{Decimal(score).normalize():f} / 80", f"{worth} %", grade):
            assert said in printed
