"""Report cards: what a card says, who may read which, and what a code on one proves."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.fields.files import FieldFile
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.access import services as access
from apps.accounts.models import User
from apps.attendance.models import DailyAttendance, DayState
from apps.examinations import selectors as exams
from apps.examinations.errors import SessionUnknown
from apps.examinations.models import Exam, ExamSession, Gradebook, Mark, SessionResult
from apps.institutions.models import Section, Term
from apps.institutions.selectors import today_at
from apps.reports.errors import CardUnknown, SectionOfAnotherYear
from apps.reports.models import CardLayout, ReportCard
from apps.students.models import ClassEnrolment, FamilyItem, SectionMembership
from schoolops import clock
from schoolops.pdf import isolated, reads_from_the_right

Block = CardLayout.Block
DASH = "–"
COUNTED = ("recorded", "absent", "excused", "half", "late")


def layout_of(section: Section | None) -> CardLayout:
    """What stands on the cards of a section: by its grade level, else the school's, else everything, unsaved."""
    level = section.grade_level_id if section is not None else None
    found = CardLayout.objects.filter(Q(grade_level=level) | Q(grade_level=None)).order_by(
        F("grade_level").asc(nulls_last=True)
    )
    return found.first() or CardLayout(blocks=[str(each) for each in Block], signatures=[])


def students_in(session: ExamSession, section: Section) -> list[SessionResult]:
    """The results a session has of a section, by name."""
    rows = SessionResult.objects.filter(session=session, section=section).select_related("student")
    return list(rows.order_by("student__name_key", "student_id"))


@dataclass(frozen=True, slots=True)
class Facts:
    """What the cards of a section have in common."""

    session: ExamSession
    section: Section
    layout: CardLayout
    next_term: Term | None

    @property
    def rtl(self) -> bool:
        return reads_from_the_right(self.layout.language)


def drafted(
    session: ExamSession, section: Section, results: Sequence[SessionResult], layout: CardLayout
) -> dict[int, dict[str, Any]]:
    """What the card of each student of ``results`` says by now, by key; the same number of statements for any number.

    Strings alone, in the language of the layout; a name, code, number or date keeps its own direction. ``says``: which
    gradebooks and other sessions it tells of, by key.
    """
    students = [row.student_id for row in results]
    term = session.term
    ahead = Term.objects.filter(year__institution=term.year.institution_id, starts_on__gt=term.ends_on)
    facts = Facts(session, section, layout, ahead.order_by("starts_on").first())
    marks, exams_of = _marks(session, students)
    terms = _terms(session, students) if Block.TERM in layout.blocks else {}
    papers = [*exams_of, *(paper for theirs in terms.values() for each in theirs for paper in each.papers)]
    scales = exams.scales_of(exam.scale_id for exam in papers)
    days = _days(term, students) if Block.ATTENDANCE in layout.blocks else {}
    said = exams.remarks_for_cards(session, students) if Block.REMARKS in layout.blocks else ({}, {})
    with translation.override(layout.language):
        return {
            row.student_id: card_of(
                facts, row, marks[row.student_id], scales, days, said, terms=terms.get(row.student_id, ())
            )
            for row in results
        }


def _terms(session: ExamSession, students: Collection[int]) -> dict[int, list[exams.CourseResult]]:
    """Student → what they have in each course of the session's term, if a gradebook of theirs is published.

    That may be for a moment ahead, and so may the other sessions' results: until then the card is not public.
    """
    term = session.term_id
    others = Q(exam__session__results_published_at__isnull=False) | Q(exam__session=session)
    found = exams.course_results(
        students, books=Q(term=term, published_at__isnull=False), marks=others & Q(exam__session__term=term)
    )
    return {child: each for child, each in found.items() if any(course.book is not None for course in each)}


Sat = dict[int, list[tuple[Exam, Mark | None]]]


def _marks(session: ExamSession, students: Collection[int]) -> tuple[Sat, list[Exam]]:
    """Student → the papers that they sat or should have, with the mark; what was merged into them is theirs."""
    theirs = Q(exam__session=session) & (Q(student__in=students) | Q(student__merged_into__in=students))
    marks: dict[tuple[int, int], Mark] = {}
    # The kept record's comes last, and counts.
    for mark in Mark.objects.filter(theirs).select_related("student").order_by("student__merged_into", "pk"):
        marks[mark.exam_id, mark.student.merged_into_id or mark.student_id] = mark
    groups: dict[tuple[str, int], list[tuple[int, dt.date, dt.date | None]]] = defaultdict(list)
    for kind, rows, group in (
        ("section", SectionMembership.objects.filter(student__in=students), "section"),
        ("class", ClassEnrolment.objects.filter(student__in=students), "course_class"),
    ):
        for key, student, starts_on, ends_on in rows.values_list(group, "student", "starts_on", "ends_on"):
            groups[kind, key].append((student, starts_on, ends_on))
    papers = Exam.objects.filter(session=session).select_related("course").order_by("course__title", "title", "pk")
    found: Sat = defaultdict(list)
    used = []
    for paper in papers:
        there = [
            *groups.get(("section", paper.section_id or 0), ()),
            *groups.get(("class", paper.course_class_id or 0), ()),
        ]
        sat = {student for student, starts, ends in there if starts <= paper.day and (ends is None or paper.day < ends)}
        sat |= {student for exam, student in marks if exam == paper.pk}
        used += [paper] if sat else []
        for student in sat:
            found[student].append((paper, marks.get((paper.pk, student))))
    return found, used


def _days(term: Term, students: Collection[int]) -> dict[int, dict[str, int]]:
    """Student → days of the term so far by what counted."""
    until = min(term.ends_on, today_at(term.year.institution))
    rows = DailyAttendance.objects.filter(student__in=students, day__range=(term.starts_on, until)).values("student")
    counted: Any = rows.annotate(
        recorded=Count("id"),
        absent=Count("id", filter=Q(state=DayState.ABSENT)),
        excused=Count("id", filter=Q(state=DayState.ABSENT, excused=True)),
        half=Count("id", filter=Q(state=DayState.HALF)),
        late=Count("id", filter=Q(late=True)),
    )
    return {row["student"]: {name: row[name] for name in COUNTED} for row in counted}


def number_of(value: Decimal | None) -> str:
    """A number as it stands on a card, without noughts that say nothing."""
    return DASH if value is None else f"{value.normalize():f}"


def card_of(
    facts: Facts,
    result: SessionResult,
    marks: Sequence[tuple[Exam, Mark | None]],
    scales: Mapping[int, exams.Scale],
    days: Mapping[int, Mapping[str, int]],
    said: tuple[Mapping[int, Mapping[int, str]], Mapping[int, str]],
    *,
    terms: Sequence[exams.CourseResult] = (),
) -> dict[str, Any]:
    """What a card says, in the language that is chosen."""
    session, student = facts.session, result.student
    campus = session.term.year.institution

    def own(text: object) -> str:
        return isolated(str(text), rtl=facts.rtl)

    blocks: dict[str, Any] = {
        Block.BRANDING: {
            "school": own(campus.name),
            "address": "\n".join(own(line) for line in campus.address.splitlines()),
            "colour": campus.brand_colour,
            **_picture(campus.logo),
        },
        Block.PHOTO: _picture(student.photo),
        Block.MARKS: _table(result, marks, scales, own),
        Block.TERM: _term(terms, scales, own),
        Block.ATTENDANCE: _attendance(days.get(result.student_id, {}), own),
        Block.REMARKS: _remarks(marks, said[0].get(student.pk, {}), said[1].get(student.pk, ""), own),
        Block.LEGEND: _legend(marks, scales, own),
        Block.SIGNATURES: {"names": [own(each) for each in facts.layout.signatures] or [_("Class teacher"), _("Head")]},
        Block.NEXT_TERM: _next_term(facts.next_term, own),
    }
    chosen = [each for each in facts.layout.blocks if blocks.get(each)]
    return {
        "language": facts.layout.language,
        "rtl": facts.rtl,
        "title": _("Report card"),
        "facts": [
            [_("Student"), own(student.full_name)],
            [_("Admission number"), own(student.admission_number)],
            [_("Section"), own(facts.section)],
            [_("Exam session"), own(session.name)],
            [_("Term"), own(f"{session.term.name} · {session.term.year.name}")],
        ],
        "blocks": [{"kind": each, **blocks[each]} for each in chosen],
        "says": {
            "books": sorted({each.book.pk for each in terms if each.book is not None}),
            "sessions": sorted({paper.session_id for each in terms for paper in each.papers} - {session.pk}),
        },
    }


def _picture(stored: FieldFile) -> dict[str, Any]:
    """Which picture is to be printed, where there is one: names of files are never used again."""
    return {"picture": {"of": stored.name}} if stored else {}


def _table(result: SessionResult, marks: Any, scales: Mapping[int, exams.Scale], own: Any) -> dict[str, Any]:
    rows = []
    for paper, mark in marks:
        shown = exams.result_of(mark, paper, scales[paper.scale_id])
        name = " ".join(each for each in (paper.course.title, paper.title) if each)
        if shown["score"] is None:
            word = exams.NAMES.get(shown["status"])
            rows.append([own(name), _(word) if word else DASH, "", ""])
        else:
            score = f"{number_of(shown['counted'])} / {number_of(paper.max_marks)}"
            rows.append([own(name), own(score), own(f"{shown['percent']} %"), own(shown["grade"])])
    total = own(f"{number_of(result.total)} / {number_of(result.out_of)}")
    percent = DASH if result.percent is None else own(f"{result.percent} %")
    rank = own(f"{result.rank} / {result.ranked}") if result.rank is not None else ""
    return {
        "title": _("Results"),
        "titles": [_("Subject"), _("Mark"), _("Percent"), _("Grade")],
        "rows": rows,
        "total": [_("Total"), total, percent, ""],
        "rank": [_("Rank"), rank] if rank else [],
    }


def percent_of(value: Fraction | None, own: Any) -> str:
    """A percentage as it stands on paper."""
    return DASH if value is None else str(own(f"{exams.shown(value)} %"))


def _term(terms: Sequence[exams.CourseResult], scales: Mapping[int, exams.Scale], own: Any) -> dict[str, Any]:
    """Each course's gradebook and exams in the term, and both together; of two gradebooks each says whose it is."""
    titles = [each.course.title for each in terms]
    rows = [
        [
            own(f"{title} ({exams.group_of_book(each.book)})" if each.book and titles.count(title) > 1 else title),
            *(percent_of(value, own) for value in (each.coursework, each.exams, each.percent)),
            own(exams.grade_of(each, scales) or DASH),
        ]
        for title, each in zip(titles, terms, strict=True)
    ]
    named = [_("Subject"), _("Coursework"), _("Exams"), _("Result"), _("Grade")]
    return {"title": _("Result of the term"), "titles": named, "rows": rows} if rows else {}


def _remarks(marks: Any, by_course: Mapping[int, str], by_class: str, own: Any) -> dict[str, Any]:
    """What is said by course, in the order of the table, and by the class teacher; without any, lines to write on."""
    titles = {paper.course_id: paper.course.title for paper, _mark in marks}
    said = [[own(title), own(by_course[course])] for course, title in titles.items() if course in by_course]
    if by_class:
        said.append([_("Class teacher"), own(by_class)])
    return {"title": _("Remarks"), "said": said}


def _attendance(days: Mapping[str, int], own: Any) -> dict[str, Any]:
    words = {
        "recorded": _("Days recorded"), "absent": _("Days absent"), "excused": _("of them excused"),
        "half": _("Half days"), "late": _("Times late"),
    }  # fmt: skip
    return {"title": _("Attendance"), "facts": [[word, own(days.get(name, 0))] for name, word in words.items()]}


def _legend(marks: Any, scales: Mapping[int, exams.Scale], own: Any) -> dict[str, Any]:
    """Each scale that grades a mark of this card, the best grade first."""
    used = list(dict.fromkeys(paper.scale_id for paper, _mark in marks))
    lines = [
        [
            [own(band.code), own(band.name), _("from %(percent)s") % {"percent": own(f"{number_of(band.lower)} %")}]
            for band in reversed(scales[key].bands)
        ]
        for key in used
    ]
    return {"title": _("Grades"), "scales": lines} if lines else {}


def _next_term(term: Term | None, own: Any) -> dict[str, Any]:
    if term is None:
        return {}
    days = {
        "name": own(term.name),
        "starts_on": own(date_format(term.starts_on, _("l, j F Y"))),
        "ends_on": own(date_format(term.ends_on, _("l, j F Y"))),
    }
    return {"text": _("%(name)s is from %(starts_on)s to %(ends_on)s.") % days}


# --- who may read which -----------------------------------------------------------------------------------------------
def cards_of(session: ExamSession, *, by: User) -> QuerySet[ReportCard]:
    """The latest version of each card of a session, of the sections of whom ``by`` sees marks.

    Raises:
        PermissionMissing.
    """
    reach = access.within_reach(by, "marks.view", "section", at_work=True)
    later = ReportCard.objects.filter(
        session=OuterRef("session"), student=OuterRef("student"), version__gt=OuterRef("version")
    )
    rows = ReportCard.objects.filter(~Exists(later), session=session)
    return rows if reach == Q() else rows.filter(section__in=Section.objects.filter(reach).values("pk"))


def cards_of_session(session: UUID, *, by: User) -> QuerySet[ReportCard]:
    """The same by the session's public id. Raises ``PermissionMissing``, ``SessionUnknown``."""
    access.require(by, "marks.view")
    found = exams.sessions_seen(by=by).filter(sourced_id=session).first()
    if found is None:
        raise SessionUnknown
    return cards_of(found, by=by)


def session_and_section(session: UUID, section: Section, permission: str, *, by: User) -> tuple[ExamSession, Section]:
    """A session that ``by`` sees and a section of its year; over which ``permission`` is held, each service asks.

    Raises:
        PermissionMissing, SessionUnknown, SectionOfAnotherYear.
    """
    access.require(by, permission)
    found = exams.sessions_seen(by=by).filter(sourced_id=session).select_related("term__year__institution").first()
    if found is None:
        raise SessionUnknown
    if section.year_id != found.term.year_id:
        raise SectionOfAnotherYear
    return found, section


def card_seen(card: UUID, permission: str, *, by: User) -> ReportCard:
    """A card of a section over which ``by`` holds ``permission``. Raises ``PermissionMissing``, ``CardUnknown``."""
    reach = access.within_reach(by, permission, "section", at_work=True)
    rows = ReportCard.objects.select_related("session__term__year__institution", "section__grade_level", "student")
    if reach != Q():
        rows = rows.filter(section__in=Section.objects.filter(reach).values("pk"))
    found = rows.filter(sourced_id=card).first()
    if found is None:
        raise CardUnknown
    return found


def public() -> Q:
    """Cards whose moment has come, and that of the results of their session and of all else that they say."""
    now = clock.now()
    books, sessions = (
        ArraySubquery(rows.values("pk"))
        for rows in (
            Gradebook.objects.filter(exams.public_books()),
            ExamSession.objects.filter(results_published_at__lte=now),
        )
    )
    return Q(
        published_at__lte=now,
        session__results_published_at__lte=now,
        says_books__contained_by=books,
        says_sessions__contained_by=sessions,
    )


def cards_followed(student: UUID, *, by: User) -> list[dict[str, Any]]:
    """A student's cards that are public, the latest version of each, newest first; the same for whoever asks.

    Raises:
        PermissionMissing, OutOfReach.
    """
    rows = _followed(student, by).select_related("session__term")
    latest: dict[int, ReportCard] = {}
    # The kept record's come before those of what was merged into it.
    for row in rows.order_by(
        "-session__term__starts_on", "-session_id", F("student__merged_into").asc(nulls_first=True), "-version"
    ):
        latest.setdefault(row.session_id, row)
    return [
        {
            "id": row.sourced_id,
            "session_id": row.session.sourced_id,
            "session": row.session.name,
            "term_id": row.session.term.sourced_id,
            "term": row.session.term.name,
            "version": row.version,
            "reason": row.reason,
            "published_at": row.published_at,
            "code": row.code,
            "sha256": row.sha256,
        }
        for row in latest.values()
    ]


def card_followed(student: UUID, card: UUID, *, by: User) -> ReportCard:
    """One of them. Raises ``PermissionMissing``, ``OutOfReach``, ``CardUnknown``."""
    ids = {each["id"] for each in cards_followed(student, by=by)}
    found = ReportCard.objects.filter(sourced_id=card).first() if card in ids else None
    if found is None:
        raise CardUnknown
    return found


def _followed(student: UUID, by: User) -> QuerySet[ReportCard]:
    child = exams.student_followed(student, FamilyItem.CARDS, by=by)
    return ReportCard.objects.filter(public(), Q(student=child.pk) | Q(student__merged_into=child.pk))


@dataclass(frozen=True, slots=True)
class Genuine:
    """What a code proves, and no more: that the school published such a card on that day, in that version."""

    day: dt.date
    version: int


def verified(code: str) -> Genuine | None:
    """What the code on a card proves; ``None``: nothing. For everybody."""
    asked = code.replace("-", "").upper()
    # What is no code is asked of no database.
    if not asked.isascii() or not asked.isalnum():
        return None
    card = ReportCard.objects.filter(public(), code=asked).select_related("session__term__year__institution").first()
    if card is None or card.published_at is None:
        return None
    return Genuine(day_of(card.session, card.published_at), card.version)


def day_of(session: ExamSession, moment: dt.datetime) -> dt.date:
    """The day of ``moment`` at the campus of a session."""
    return moment.astimezone(ZoneInfo(session.term.year.institution.timezone)).date()
