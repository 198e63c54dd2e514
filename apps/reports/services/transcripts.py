"""A student's transcript on paper: what is published of them by the day it is printed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.examinations import selectors as exams
from apps.institutions.selectors import today_at
from apps.reports.selectors.cards import DASH, number_of
from apps.students.models import Student
from schoolops.pdf import isolated, reads_from_the_right, typeset

TEMPLATE = Path(__file__).with_name("transcript.typ")
DAY = "j F Y"
NUMBERS = {"{page}": None, "{of}": True}


def print_transcript(*, student: UUID, by: User) -> bytes:
    """The PDF, on the paper of the student's campus, in the language of the reader; the same on one day for all.

    Raises:
        PermissionMissing, OutOfReach.
    """
    told = exams.transcript_followed(student, by=by)
    campus = Student.objects.select_related("institution").get(sourced_id=told["student_id"]).institution
    language = translation.get_language() or str(settings.LANGUAGE_CODE)
    rtl = reads_from_the_right(language)
    today = today_at(campus)

    def own(text: object) -> str:
        return isolated(str(text), rtl=rtl)

    pictures = {}
    if campus.logo:
        with campus.logo.open("rb") as file:
            pictures["logo"] = file.read()
    years = [_year(year, own) for year in told["years"]]
    data = {
        "name": f"{_('Transcript')} – {campus.name}",
        "author": campus.name,
        "language": language.partition("-")[0],
        "rtl": rtl,
        "school": own(campus.name),
        "address": "\n".join(own(line) for line in campus.address.strip().splitlines()),
        "colour": campus.brand_colour,
        "logo": bool(pictures),
        "title": _("Transcript"),
        "facts": [
            [_("Student"), own(told["name"])],
            [_("Admission number"), own(told["admission_number"])],
            [_("As of"), own(date_format(today, DAY))],
        ],
        "years": years,
        "note": _("It says what is published on this day.") if years else _("Nothing is published yet."),
        "pages": [NUMBERS.get(part, part) for part in re.split(r"(\{page\}|\{of\})", _("Page {page} of {of}"))],
    }
    return typeset(TEMPLATE.read_bytes(), data, dated=dt.datetime.combine(today, dt.time(), dt.UTC), pictures=pictures)


def _year(year: dict[str, Any], own: Any) -> dict[str, Any]:
    return {
        "title": f"{own(year['year'])} · {own(year['institution'])}",
        "lines": [_stay(each, own) for each in year["enrolments"]],
        "terms": [_term(term, own) for term in year["terms"]],
    }


def _stay(enrolment: dict[str, Any], own: Any) -> str:
    said = {
        "grade": own(enrolment["grade_level"]),
        "from": own(date_format(enrolment["entered_on"], DAY)),
    }
    if enrolment["exited_on"] is None:
        return _("%(grade)s, from %(from)s") % said
    said["until"] = own(date_format(enrolment["exited_on"], DAY))
    return _("%(grade)s, from %(from)s to before %(until)s") % said


def _term(term: dict[str, Any], own: Any) -> dict[str, Any]:
    def percent(value: Any) -> str:
        return DASH if value is None else own(f"{value} %")

    titles = [each["course"] for each in term["courses"]]
    courses = [
        [
            # Who changed sections has two gradebooks of a course: each says whose it is.
            own(f"{each['course']} ({each['group']})" if titles.count(each["course"]) > 1 else each["course"]),
            *(percent(each[name]) for name in ("coursework", "exams", "percent")),
            own(each["grade"] or DASH),
        ]
        for each in term["courses"]
    ]
    sessions = [
        [
            own(each["session"]),
            own(f"{number_of(each['total'])} / {number_of(each['out_of'])}"),
            percent(each["percent"]),
        ]
        for each in term["sessions"]
    ]
    tables = [
        _table([_("Subject"), _("Coursework"), _("Exams"), _("Result"), _("Grade")], courses),
        _table([_("Exam session"), _("Mark"), _("Percent")], sessions, [_("Average"), "", percent(term["percent"])]),
    ]
    return {"title": own(term["term"]), "tables": [each for each in tables if each["rows"]]}


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]], total: Sequence[str] = ()) -> dict[str, Any]:
    return {"titles": list(titles), "rows": list(rows), "total": list(total)}
