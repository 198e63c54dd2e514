"""What a demo's guardian finds on the family's pages: marks, cards, bills and a receipt, leave, looks, messages."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from apps.access import permissions as roles
from apps.accounts.models import User
from apps.attendance import services as attendance
from apps.attendance.models import Leave
from apps.demo.services.casts import DemoSchool
from apps.examinations import services as examinations
from apps.examinations.models import Exam, ExamSession, GradingScale
from apps.family import services as family
from apps.fees import selectors as money
from apps.fees import services as fees
from apps.fees.models import FeeItem
from apps.institutions.models import Course, Section, Term
from apps.institutions.selectors import school_today
from apps.notifications import services as notifications
from apps.notifications.models import Announcement
from apps.notifications.selectors import Audience
from apps.reports import services as reports
from apps.reports.models import ReportCard
from apps.students.models import Guardian, SectionMembership
from schoolops import clock
from schoolops.context import inside
from schoolops.tenancy.models import School

SCORES = ("61.5", "72", "48", "55.5", "77", "39", "66")
WEEK = dt.timedelta(days=7)


def show_families(demo: DemoSchool, school: School) -> None:
    """Fill what guardians of the demo see, where it is missing. Running it again changes nothing."""
    who = {login.role: login.username for login in demo.logins}
    with inside(school):
        head = User.objects.get(username=who[roles.HEAD])
        accountant = User.objects.filter(username=who.get(roles.ACCOUNTANT, "")).first()
        day = school_today()
        terms = Term.objects.select_related("year__institution").filter(year__state="active", starts_on__lte=day)
        term = terms.order_by("-starts_on").first()
        if term is None:
            return
        for section in Section.objects.filter(year=term.year, memberships__student__guardian_links__isnull=False):
            _exams(term, section, day, by=head)
        if accountant is not None:
            _bills(term, day, by=accountant)
        for guardian in Guardian.objects.filter(user__isnull=False).select_related("user"):
            _leave(guardian, day, by=head)
        _letters(by=head)


def _exams(term: Term, section: Section, day: dt.date, *, by: User) -> None:
    """Mid-terms a week ago, whose results and cards are out; and finals in a week."""
    name = f"Mid-terms {section}"
    if ExamSession.objects.filter(term=term, name=name).exists() or day - WEEK < term.starts_on:
        return
    over = examinations.add_session(term=term, values={"name": name, "kind": "mid-term"}, by=by)
    papers = _papers(over, section, day - WEEK, by=by)
    for state in ("scheduled", "held", "marking"):
        over = examinations.move_session(session=over.sourced_id, state=state, expected_version=None, by=by)
    members = SectionMembership.objects.filter(section=section).on(day - WEEK).select_related("student")
    for paper in papers:
        marks = [
            examinations.Written(row.student.sourced_id, SCORES[(place + paper.pk) % len(SCORES)], None)
            for place, row in enumerate(members.order_by("pk"))
        ]
        examinations.enter_marks(paper=paper.sourced_id, marks=marks, expected_version=0, by=by)
    over = examinations.move_session(session=over.sourced_id, state="moderation", expected_version=None, by=by)
    examinations.compute_results(over.pk)
    _publish(over, by=by, results=True)
    over.refresh_from_db()
    reports.draft_cards(session=over, section=section, by=by)
    reports.proof_read_cards(session=over, section=section, seen=clock.now(), by=by)
    moment = clock.now()
    reports.ask_to_publish(session=over, section=section, published_at=moment, by=by)
    asked = ReportCard.objects.filter(session=over, section=section).values_list("publish_at", flat=True)[0]
    reports.publish_cards(session=over.pk, section=section.pk, published_at=asked or moment, by_id=by.sourced_id)
    if day + WEEK <= term.ends_on:
        ahead = examinations.add_session(term=term, values={"name": f"Finals {section}", "kind": "final"}, by=by)
        _papers(ahead, section, day + WEEK, by=by)
        ahead = examinations.move_session(session=ahead.sourced_id, state="scheduled", expected_version=None, by=by)
        _publish(ahead, by=by, results=False)


def _papers(session: ExamSession, section: Section, day: dt.date, *, by: User) -> list[Exam]:
    scale = GradingScale.objects.filter(retired=False).order_by("pk")[0]
    # Never on a weekend.
    day -= dt.timedelta(days=max(0, day.isoweekday() - 5))
    courses = Course.objects.filter(institution=section.institution_id).order_by("pk")[:2]
    said = [
        examinations.Paper(
            day=day, starts_at=dt.time(9 + 2 * place), ends_at=dt.time(10 + 2 * place), max_marks=Decimal(80),
            section_id=section.sourced_id, course_id=course.sourced_id, scale_id=scale.sourced_id,
        )
        for place, course in enumerate(courses)
    ]  # fmt: skip
    return list(examinations.add_papers(session=session.sourced_id, papers=said, by=by))


def _publish(session: ExamSession, *, by: User, results: bool) -> None:
    examinations.set_publication(
        session=session.sourced_id,
        timetable_published_at=clock.now(),
        results_published_at=clock.now() if results else None,
        expected_version=None,
        by=by,
    )


def _bills(term: Term, day: dt.date, *, by: User) -> None:
    """The term's tuition, in two instalments; each guardian with a login has paid a part."""
    if FeeItem.objects.filter(year=term.year).exists():
        return
    fees.add_item(year=term.year, values={"name": "Tuition", "amount": Decimal(1200)}, by=by)
    run = fees.begin_run(term=term, due_on=(day + 2 * WEEK, day + 10 * WEEK), by=by)
    total = Decimal(money.preview_of(run.sourced_id, by=by)["total"])
    fees.confirm_run(run=run.sourced_id, total=total, by=by)
    fees.bill(run.pk)
    for guardian in Guardian.objects.filter(user__isnull=False):
        link = guardian.student_links.select_related("student__institution").order_by("pk").first()
        if link is not None:
            currency = link.student.institution.currency
            paid = fees.NewPayment(amount=Decimal(400), currency=currency, method="card", guardian=guardian)
            fees.take_payment(student=link.student, payment=paid, by=by)


def _leave(guardian: Guardian, day: dt.date, *, by: User) -> None:
    """For each child of a guardian who logs in: leave granted and leave to be decided, after the head looked."""
    whose = guardian.user
    if whose is None or Leave.objects.filter(requested_by=whose).exists():
        return
    for link in guardian.student_links.filter(data_access=True, restriction_note="").select_related("student"):
        family.note_look(student=link.student, by=by)
        asked = [
            attendance.request_leave(student=link.student.sourced_id, starts_on=on, ends_on=on, reason=reason, by=whose)
            for on, reason in ((day + 2 * WEEK, "A family celebration"), (day + 3 * WEEK, "The dentist"))
        ]
        attendance.approve_leave(leave=asked[0].sourced_id, note="Enjoy it.", by=by)


# What a trip brings along: a page with one line.
PLAN = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj
4 0 obj<</Length 58>>stream
BT /F 18 Tf 72 760 Td (We meet at the gate at 8:30.) Tj ET
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>
"""


def _letters(*, by: User) -> None:
    """Something to read, and something to confirm."""
    if Announcement.objects.exists():
        return
    for title, text, plan in (
        ("Parents’ evening", "On Thursday from 17:00, in the hall. The class teachers look forward to you.", None),
        ("School trip", "We go to the museum. Please confirm that you have read the plan.", PLAN),
    ):
        everybody, paper = Audience("school"), notifications.Paper(plan, "plan.pdf") if plan is not None else None
        made = notifications.announce(
            title=title, text=text, audience=everybody, acknowledge=plan is not None, attachment=paper, by=by
        )
        notifications.publish(made.pk)
