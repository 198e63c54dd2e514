"""Two schools with everything in them that an address can name, and everybody who may ask."""

from __future__ import annotations

import base64
import datetime as dt
import io
import time
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.test import Client
from django.urls import resolve
from django_otp.oath import TOTP
from PIL import Image

from apps.access.models import Role, RoleAssignment, RolePermission
from apps.accounts.models import AccountPolicy, User
from apps.accounts.services import open_login
from apps.attendance import services as attendance
from apps.attendance.models import AttendanceCode
from apps.examinations import services as examinations
from apps.examinations.tasks import compute_results
from apps.exchange import services as exchange
from apps.exchange.models import Import
from apps.family import services as family
from apps.fees import services as fees
from apps.fees.models import Account, BankLine, PaymentIntent
from apps.institutions.models import AcademicYear, Course, Term
from apps.notifications import services as notifications
from apps.notifications.models import Channel, Message
from apps.notifications.selectors import Audience
from apps.reports import services as reports
from apps.reports.tasks import print_list
from apps.staff.models import StaffMember, Substitution, TeachingAssignment
from apps.students.models import Enrolment, Guardian, StudentGuardian
from apps.timetable.models import Meeting
from schoolops import clock, context
from schoolops.api.idempotency import is_required
from schoolops.context import inside, nowhere
from schoolops.queues import IMPORTS, task
from schoolops.tenancy.models import School
from tests.factories import cards, exams, money, people, rolls
from tests.factories.jobs import work_off

TODAY = people.SCHOOL_DAY
YESTERDAY, TOMORROW = TODAY - dt.timedelta(days=1), TODAY + dt.timedelta(days=1)
TWO_DAYS_AGO, LONG_AGO = TODAY - dt.timedelta(days=2), dt.date(2026, 10, 1)
LATER = TODAY + dt.timedelta(days=14)
SHEET = b"Admission number,Given name,Nick\nN77,Nadia,Nan\n"
NEW_PASSWORD = "seven purple buses at dawn"


@task(queue=IMPORTS, tracked=True)
def count_the_chairs(*, rooms: int) -> int:
    """A job for somebody to wait for."""
    return rooms


def picture() -> bytes:
    """A small PNG."""
    written = io.BytesIO()
    Image.new("RGB", (32, 32), "navy").save(written, format="PNG")
    return written.getvalue()


def code_of_app(secret: str) -> str:
    """What an authenticator app with this key shows."""
    totp = TOTP(base64.b32decode(secret))
    # The phone's clock is the real one, whatever the test's says.
    totp.time = time.time()  # noqa: TID251
    return f"{totp.token():06d}"


@dataclass(slots=True)
class Ground:
    """``people`` by the letter of their column, ``at`` what stands in braces in an address, and rows for bodies."""

    oak: School
    people: dict[str, User] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    at: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)
    client: Client = field(
        default_factory=lambda: Client(raise_request_exception=False, headers={"host": "oak.localhost"})
    )

    def id(self, name: str) -> str:
        """The public id of a row."""
        return str(self.at[name])

    def keep(self, **rows: Any) -> None:
        """Let rows be named in addresses and bodies."""
        self.rows |= rows
        self.at |= {name: row.sourced_id for name, row in rows.items() if hasattr(row, "sourced_id")}

    def ask(self, letter: str, method: str, address: str, body: Any = None) -> Any:
        """What Oak answers to the person of that column."""
        token = self.tokens.get(letter)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        said: dict[str, Any] = {}
        if isinstance(body, dict) and any(isinstance(each, UploadedFile) for each in body.values()):
            # A form with a file in it.
            said = {"data": body}
        elif isinstance(body, bytes):
            said = {"data": body, "content_type": "image/png"}
        elif body is not None or method in {"POST", "PUT", "PATCH"}:
            said = {"data": body if body is not None else {}, "content_type": "application/json"}
        if is_required(resolve(f"/api/v1/{address}".partition("?")[0]).func):
            headers["Idempotency-Key"] = str(uuid4())
        with clock.frozen(people.SCHOOL_MOMENT), nowhere():
            return getattr(self.client, method.lower())(f"/api/v1/{address}", headers=headers, **said)


def lay_out(oak: School, elm: School) -> Ground:
    """Fill both schools, inside the caller's transaction: 2,000 students at Oak, of whom Carol is guardian of two."""
    ground = Ground(oak)
    with clock.frozen(people.SCHOOL_MOMENT):
        with inside(elm):
            there = people.a_school_year(name="Elm Campus")
            ground.keep(at_elm=people.some_students(1, section=there.section)[0])
            ground.tokens["E"] = open_login(people.a_user("eve", role="head"), label="test").access_token
        with inside(oak):
            for build in (_campus, _students, _people, _timetable, _rolls, _exams, _fees, _logins, _messages):
                build(ground)
            for build in (_jobs, _imports):
                build(ground)
            for letter, user in ground.people.items():
                ground.tokens[letter] = open_login(user, label="test").access_token
    return ground


def _campus(ground: Ground) -> None:
    campus = people.a_school_year(name="Oak Campus", sections=("7 B", "7 C", "7 D"))
    other = people.a_school_year(name="Oak Field", sections=(), state=AcademicYear.State.PLANNED)
    campus.institution.logo.save("logo.png", ContentFile(picture()))
    spare = Term.objects.filter(year=other.year).first()
    planned = AcademicYear.objects.create(
        institution=other.institution, name="2027/28", starts_on=dt.date(2027, 9, 1), ends_on=dt.date(2028, 7, 1)
    )
    ground.keep(
        campus=campus.institution,
        other_campus=other.institution,
        year=campus.year,
        planned_year=planned,
        term=campus.terms[0],
        spare_term=spare,
        level=campus.levels[7],
        spare_level=people.a_grade_level(12),
        section=campus.sections["7 B"],
        other_section=campus.sections["7 C"],
        empty_section=campus.sections["7 D"],
        spare_course=Course.objects.create(institution=campus.institution, code="LAT", title="Latin"),
    )
    ground.rows["whole"] = campus
    ground.at["stretch"] = f"institution_id={campus.institution.sourced_id}&from=2026-12-01&to=2026-12-02"
    ground.at |= {"day": TODAY, "yesterday": YESTERDAY, "long_ago": LONG_AGO}


def _students(ground: Ground) -> None:
    campus = ground.rows["whole"]
    in_b = people.some_students(12, section=ground.rows["section"])
    in_c = people.some_students(3, section=ground.rows["other_section"])
    (leaver,) = people.some_students(1, section=ground.rows["section"], until=dt.date(2026, 10, 12))
    (duplicate,) = people.some_students(1, institution=campus.institution)
    people.some_students(2000 - 12 - 3 - 1 - 1, institution=campus.institution)
    taught = people.a_class(campus, students=in_b)
    for student in in_b[:2]:
        student.photo.save("photo.png", ContentFile(picture()))
    ground.keep(
        child=in_b[0],
        classmate=in_b[1],
        sibling=in_c[0],
        leaver=leaver,
        duplicate=duplicate,
        course=taught.course,
        empty_class=people.a_class(campus, title="Chess"),
        enrolment=Enrolment.objects.get(student=in_b[0]),
        **{"class": taught},
    )


def _people(ground: Ground) -> None:
    rows, given = ground.rows, people.a_user
    section, taught, child = rows["section"], rows["class"], rows["child"]
    bob = people.a_teacher("bob", of=section)
    member = StaffMember.objects.get(user=bob)
    TeachingAssignment.objects.create(staff=member, course_class=taught, starts_on=people.FIRST_DAY)
    paul = people.a_teacher("paul", of=rows["other_section"])
    sue = people.a_teacher("sue", institution=section.institution)
    substitute = StaffMember.objects.get(user=sue)
    substitution = Substitution.objects.create(staff=substitute, instead_of=member, section=section, day=TODAY)
    Substitution.objects.create(staff=substitute, course_class=taught, day=TODAY)
    carol = people.a_guardian("carol", of=[child, rows["sibling"]])
    father = Guardian.objects.create(given_name="Frank", family_name="Field")
    StudentGuardian.objects.create(student=rows["classmate"], guardian=father, contact_priority=1)
    # A court said that Carol may know nothing of this one; a second one's data access was taken away.
    own = Guardian.objects.get(user=carol)
    StudentGuardian.objects.create(
        student=rows["classmate"], guardian=own, contact_priority=2, restriction_note="Court order"
    )
    StudentGuardian.objects.create(student=rows["leaver"], guardian=own, contact_priority=1, data_access=False)
    child.user = given("amina", role="student")
    child.save(update_fields=["user"])
    ground.people = {
        "A": given("erin", role="administrator"),
        "H": given("alice", role="head"),
        "R": given("dave", role="registrar"),
        "T": bob,
        "O": paul,
        "S": sue,
        "G": carol,
        "U": child.user,
        "C": given("anton", role="accountant"),
        "P": given("sam", role="support"),
    }
    ground.keep(
        member=member,
        substitute=substitute,
        assignment=TeachingAssignment.objects.get(staff=member, section=section),
        later_assignment=TeachingAssignment.objects.create(
            staff=substitute, section=rows["other_section"], starts_on=LATER
        ),
        substitution=substitution,
        father=father,
        link=StudentGuardian.objects.get(student=child, guardian__user=carol),
        unlinked=Guardian.objects.create(given_name="Gita"),
    )


def _timetable(ground: Ground) -> None:
    period, spare = rolls.some_periods(ground.rows["whole"], 2)
    taught = ground.rows["class"]
    ground.keep(
        period=period,
        spare_period=spare,
        meeting=Meeting.objects.create(
            course_class=taught, period=period, weekday=TODAY.isoweekday(), starts_on=people.FIRST_DAY
        ),
        later_meeting=Meeting.objects.create(course_class=taught, period=period, weekday=5, starts_on=LATER),
    )


def _rolls(ground: Ground) -> None:
    rows, bob, alice, carol = ground.rows, *(ground.people[letter] for letter in "THG")
    section, child, classmate = rows["section"], rows["child"], rows["classmate"]
    roll = rolls.take(section, {child: "A", classmate: "A"}, by=bob)
    locked = rolls.take(section, by=bob, day=TWO_DAYS_AGO)
    attendance.lock_roll(roll=locked.sourced_id, reason="Inspection", by=alice)
    week = {"starts_on": LATER, "ends_on": LATER + dt.timedelta(days=1), "reason": "A wedding", "code": None}
    ground.keep(
        roll=roll,
        locked_roll=locked,
        leave=attendance.request_leave(student=child.sourced_id, **week, attachment=b"%PDF-1.7", by=carol),
        wish=family.ask_for_contacts(phone="+44 20 7946 0000", email="", by=carol),
        other_leave=attendance.request_leave(student=classmate.sourced_id, **week, by=alice),
        entry=attendance.enter_at_desk(
            student=child.sourced_id,
            day=YESTERDAY,
            entry=attendance.Entry(code=None, arrived_at=dt.time(9, 30), left_at=None, remark=None),
            by=ground.people["R"],
        ),
        code=AttendanceCode.objects.get(code="P"),
    )


def _exams(ground: Ground) -> None:
    """Sessions: one whose timetable is published, a draft of 7 C, an empty one; two being marked, one published."""
    rows, by = ground.rows, ground.people["A"]
    section, course, whole = rows["section"], rows["course"], rows["whole"]
    session, other, empty, marked, published = (
        exams.an_exam_session(whole, by=by, name=name) for name in ("Mid-terms", "Mocks", "Empty", "Tests", "First")
    )
    exam = exams.a_paper(session, section, course, by=by, invigilator_ids=(rows["member"].sourced_id,))
    exams.a_paper(other, rows["other_section"], course, by=by)
    marked_exam = exams.a_paper(marked, section, course, by=by, day=YESTERDAY)
    published_exam = exams.a_paper(published, section, course, by=by, day=LONG_AGO)
    for each in (marked, published):
        each.state = each.State.MARKING
        each.save()
    for each in (marked_exam, published_exam):
        exams.enter(each, {rows["child"]: "61,5", rows["classmate"]: "absent"}, by=by)
    for each in (marked, published):
        examinations.ask_for_results(session=each.sourced_id, by=by)
    work_off(compute_results)
    published.refresh_from_db()
    published.results_published_at = exams.LONG_BEFORE
    published.save()
    cards.read_cards(published, section, by=by)
    printed = {card.student_id: card for card in cards.publish(published, section, by=by, at=exams.LONG_BEFORE)}
    # Of the classmate's another version waits to be published.
    reports.amend_card(card=printed[rows["classmate"].pk], reason="A mark was missing", by=by)
    reports.proof_read_cards(session=published, section=section, seen=clock.now(), by=by)
    moderated, applied = (
        exams.a_paper(other, rows["other_section"], course, by=by, day=day, title=title)
        for day, title in ((YESTERDAY, "Paper 2"), (LONG_AGO, "Paper 3"))
    )
    other.state = other.State.MARKING
    other.save()
    proposed = []
    for each in (moderated, applied):
        exams.enter(each, {people.students_in(rows["other_section"])[0]: "20"}, by=by)
        proposed.append(
            examinations.propose_moderation(
                paper=each.sourced_id, factor=Decimal(1), shift=Decimal(2), reason="Hard", by=by
            )
        )
    examinations.apply_moderation(paper=applied.sourced_id, moderation=proposed[1].sourced_id, by=by)
    ground.keep(
        moderated_exam=moderated,
        applied_exam=applied,
        moderation=proposed[0],
        applied=proposed[1],
        phrase=examinations.add_phrase(text="Fine.", by=by),
        **_gradebooks(ground),
    )
    session.state, session.timetable_published_at = session.State.SCHEDULED, exams.LONG_BEFORE
    session.save()
    ground.keep(
        exam_session=session,
        empty_exam_session=empty,
        exam=exam,
        marked_session=marked,
        marked_exam=marked_exam,
        published_exam=published_exam,
        published_session=published,
        card=printed[rows["child"].pk],
        scale=exams.a_scale(),
    )


def _gradebooks(ground: Ground) -> dict[str, Any]:
    """7 B's in the course of its papers, public a while ago, and that of another term, which is not."""
    term = ground.rows["term"]
    another = Term.objects.filter(year=term.year).exclude(pk=term.pk).order_by("starts_on")[0]
    public, being_marked = (_gradebook(ground, each) for each in (term, another))
    examinations.publish_gradebook(
        gradebook=public.sourced_id, published_at=exams.LONG_BEFORE, expected_version=2, by=ground.people["A"]
    )
    return {"published_gradebook": public, "gradebook": being_marked}


def _gradebook(ground: Ground, term: Term) -> Any:
    rows, by = ground.rows, ground.people["A"]
    book = examinations.open_gradebook(term=term, section=rows["section"], course=rows["course"], by=by)
    said = {
        "categories": [examinations.CategorySaid(name="Homework")],
        "assessments": [examinations.AssessmentSaid(name="One", category="Homework", max_marks=Decimal(10))],
    }
    examinations.set_gradebook(gradebook=book.sourced_id, **said, expected_version=1, by=by)
    written = examinations.Typed(rows["child"].sourced_id, book.assessments.get().sourced_id, "8")
    return examinations.enter_assessments(gradebook=book.sourced_id, typed=[written], seen_version=0, by=by)


def _fees(ground: Ground) -> None:
    fees.seed_accounts()
    accounts = {account.purpose: account for account in Account.objects.filter(institution=ground.rows["campus"])}
    rows, by, whole = ground.rows, ground.people["C"], ground.rows["whole"]
    item = money.an_item(whole, by=by)
    bus = money.an_item(whole, "300", name="Bus", optional=True, prorated=False, by=by)
    billed = {invoice.student_id: invoice for invoice in money.billed(whole, by=by)}
    span = {"starts_on": people.FIRST_DAY, "ends_on": None}
    choice = fees.choose_item(student=rows["child"], item=bus, kind="added", **span, by=by)
    ground.keep(
        account=accounts["cash"],
        bank_account=accounts["bank"],
        fee_item=item,
        optional_item=bus,
        student_fee=choice,
        concession=money.a_concession(whole, rows["classmate"], asked_by=by),
        invoice=billed[rows["child"].pk],
        invoice_run=fees.begin_run(term=whole.terms[0], due_on=[LATER], by=by),
    )
    rule = {"amount": Decimal(5), "days": 7, "cap": Decimal(20)}
    ground.keep(late_fee_rule=fees.add_late_fee_rule(institution=rows["campus"], values=rule, by=by))
    ground.rows["run_total"] = "300"
    paid = {"payment": "cash", "cheque": "cheque", "card_payment": "card"}
    ground.keep(
        **{name: money.a_payment(rows["classmate"], "2000", method=method, by=by) for name, method in paid.items()}
    )
    fees.set_card_gateway(gateway="sandbox", taking=True, secret="sk_sandbox_oak", by=ground.people["A"])
    begun = fees.begin_card_payment(
        student=rows["child"].sourced_id, back_to="/family/", host="http://oak.localhost", by=ground.people["G"]
    )
    ground.keep(payment_intent=begun)
    # Over, so that no gateway is asked: whoever comes with its ticket is sent back.
    PaymentIntent.objects.filter(pk=begun.pk).update(expires_at=begun.at)
    ground.at["ticket"] = fees.checkout_path(begun).rpartition("/")[2]


def _messages(ground: Ground) -> None:
    """What the head announced and Carol was told, a mail to her that is in doubt and one that came back; and a plan."""
    by = ground.people["H"]
    announcement = notifications.announce(
        title="Trip", text="On Friday.", audience=Audience("school"), acknowledge=True, by=by
    )
    notifications.publish(announcement.pk)
    carol = Guardian.objects.get(user=ground.people["G"])
    told = Message.objects.filter(announcement=announcement, guardian=carol)
    notice, doubted = told.get(channel=Channel.INBOX), told.get(channel=Channel.EMAIL)
    told.filter(pk=notice.pk).update(state="delivered", handed_at=clock.now())
    told.filter(pk=doubted.pk).update(state="outcome_unknown", handed_at=clock.now())
    bounced = Message.objects.create(
        fact="attendance.absent", key="2026-11-02", channel=Channel.EMAIL, guardian=carol, student=ground.rows["child"],
        institution=ground.rows["campus"], state="bounced", address="gone@home.example", bounced_at=clock.now(),
        due_at=clock.now(), made_at=clock.now(), handed_at=clock.now(),
    )  # fmt: skip
    scheduled = notifications.announce(
        title="Fair", text="In spring.", audience=Audience("school"), publish_at=clock.now() + dt.timedelta(days=90),
        attachment=notifications.Paper(b"%PDF-1.7", "fair.pdf"), by=by,
    )  # fmt: skip
    ground.keep(announcement=announcement, notice=notice, doubted=doubted, bounced=bounced, scheduled=scheduled)


def _logins(ground: Ground) -> None:
    newcomer = people.a_user("newcomer")
    role = Role.objects.create(code="librarian", name="Librarian", scope="everything")
    RolePermission.objects.create(role=role, permission="sections.view")
    AccountPolicy.objects.get_or_create()
    gone = people.a_user("gone")
    gone.is_active, gone.deactivated_at = False, clock.now()
    gone.save()
    ground.keep(
        newcomer=newcomer,
        gone=gone,
        administrator=ground.people["A"],
        role=role,
        held=RoleAssignment.objects.create(user=newcomer, role=Role.objects.get(code="guardian")),
    )


def _jobs(ground: Ground) -> None:
    who = context.user_id.set(ground.people["T"].audit_id)
    try:
        later = people.SCHOOL_MOMENT + dt.timedelta(days=3650)
        ground.at["job"] = count_the_chairs.enqueue(rooms=1, run_at=later).job_id
        reports.ask_for_list(kind="class", day=TODAY, sections=(), language="en", by=ground.people["T"])
        (ground.at["printed"],) = work_off(print_list)
    finally:
        context.user_id.reset(who)


STATEMENT = b"Date,Amount,Details,Reference\n{day},1,{bill},a\n{day},2,nobody,b\n{day},2000,nobody,c\n"


def _bank(ground: Ground) -> None:
    """A statement of whose lines one is sure and one was entered by hand; of another, one is set aside."""
    by, campus = ground.people["C"], ground.rows["campus"]
    bill, day = ground.rows["invoice"].called_number.encode(), TODAY.isoformat().encode()
    content = STATEMENT.replace(b"{bill}", bill).replace(b"{day}", day)
    lines = []
    for file in (content, content.replace(b"nobody,b", b"nobody,d")):
        sent = exchange.receive_statement(institution=campus, file=io.BytesIO(file), name="bank.csv", by=by)
        lines.append([*exchange.read_statement(sent).lines.order_by("pk")])
    BankLine.objects.filter(pk=lines[0][0].pk).update(confidence=90)
    entered = money.a_payment(ground.rows["classmate"], "2000", method="bank", by=by)
    ground.keep(
        bank_statement=lines[0][0].statement,
        bank_line=lines[0][0],
        aside_line=fees.set_line_aside(line=lines[1][0], reason="A grant", by=by),
        entered_line=lines[0][2],
        entered_payment=entered,
    )


def _imports(ground: Ground) -> None:
    by, campus = ground.people["A"], ground.rows["campus"]
    run = exchange.receive(file=io.BytesIO(SHEET), name="students.csv", by=by, institution=campus)
    done = exchange.receive(file=io.BytesIO(SHEET), name="done.csv", by=by, institution=campus)
    Import.objects.filter(pk=done.pk).update(state=Import.State.APPLIED, finished_at=clock.now())
    stopped = exchange.receive(file=io.BytesIO(SHEET), name="stopped.csv", by=by, institution=campus)
    Import.objects.filter(pk=stopped.pk).update(state=Import.State.STOPPED, started_at=clock.now())
    read = exchange.read_and_validate(run=run)
    sheet = io.BytesIO()
    session = ground.rows["marked_session"].sourced_id
    exchange.write_mark_file(session=session, into=sheet, by=by)
    sent = exchange.receive_marks(session=session, file=sheet, name="marks.xlsx", by=by)
    ground.keep(mark_file=exchange.compare_marks(sent))
    _bank(ground)
    ground.keep(**{"import": read, "applied_import": done, "stopped_import": stopped})
