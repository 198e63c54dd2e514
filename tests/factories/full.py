"""A school in which there is something of everything that the office lists."""

from __future__ import annotations

from apps.accounts.models import User
from apps.attendance.models import AttendanceCode, AttendanceSession, Leave
from apps.examinations.models import ExamSession
from apps.exchange.models import Import
from apps.family.models import ContactRequest
from apps.fees.models import Account, Concession, FeeItem, LateFeeRule, StudentFee
from apps.institutions.models import CalendarDay
from apps.notifications.selectors import Audience
from apps.notifications.services import announce
from apps.staff.models import StaffMember, Substitution, TeachingAssignment
from apps.students.models import Guardian, Student, StudentGuardian
from apps.timetable.models import Meeting, Period
from schoolops import clock
from schoolops.audit import trail
from tests.factories import exams, money, people
from tests.factories.people import Campus


def fill(campus: Campus, many: int, by: User, tag: str) -> None:
    """``many`` more of everything that the office lists, written in bulk."""
    section = campus.section
    students = people.some_students(many, section=people.another_section(campus, f"8 {tag}"))
    guardians = Guardian.objects.bulk_create(Guardian(given_name=f"G{n}", family_name=tag) for n in range(many))
    ContactRequest.objects.bulk_create(ContactRequest(guardian=each) for each in guardians)
    StudentGuardian.objects.bulk_create(
        StudentGuardian(student=student, guardian=guardian, contact_priority=1)
        for student, guardian in zip(students, guardians, strict=True)
    )
    day = people.SCHOOL_DAY
    code = AttendanceCode.objects.get(code="E")
    Leave.objects.bulk_create(
        Leave(student=each, starts_on=day, ends_on=day, code=code, reason="ill", requested_by=by) for each in students
    )
    staff = StaffMember.objects.bulk_create(
        StaffMember(institution=campus.institution, staff_number=f"{tag}{n}", given_name=f"S{n}") for n in range(many)
    )
    TeachingAssignment.objects.bulk_create(
        TeachingAssignment(staff=each, section=section, starts_on=campus.year.starts_on) for each in staff
    )
    Substitution.objects.bulk_create(Substitution(staff=each, section=section, day=day) for each in staff)
    taught = [people.a_class(campus) for _ in range(min(many, 10))]
    taken = Period.objects.count()
    periods = Period.objects.bulk_create(
        Period(
            institution=campus.institution,
            name=f"{tag}{n}",
            position=100 + taken + n,
            starts_at="08:00",
            ends_at="09:00",
        )
        for n in range(many)
    )
    Meeting.objects.bulk_create(
        Meeting(course_class=taught[0], period=each, weekday=1, starts_on=campus.year.starts_on) for each in periods
    )
    AttendanceSession.objects.bulk_create(
        AttendanceSession(institution=campus.institution, section=section, day=day, period=each, taken_by=by)
        for each in periods
    )
    ExamSession.objects.bulk_create(
        ExamSession(term=campus.terms[0], name=f"{tag}{n}", kind=ExamSession.Kind.TEST) for n in range(many)
    )
    CalendarDay.objects.bulk_create(
        CalendarDay(
            institution=campus.institution, day=f"20{30 + len(tag)}-{1 + n // 28:02}-{1 + n % 28:02}", kind="holiday"
        )
        for n in range(many)
    )
    User.objects.bulk_create(User(username=f"{tag}-{n}", password="!") for n in range(many))
    _fill_fees(campus, students, by, tag)
    # What a line says of other rows: by public id and by key.
    said = {"section": section, "grade_level_id": section.grade_level_id, "by": by, "institution": campus.institution}
    trail.record_many(trail.entry_of(by, "tests.done", each, before=said, after={"day": day}) for each in students)
    for n in range(min(many, 12)):
        people.a_grade_level(20 + len(tag) * 15 + n)


def _fill_fees(campus: Campus, students: list[Student], by: User, tag: str) -> None:
    """An item that everybody is billed for, and for each of ``students`` whatever is their own."""
    account = money.a_chart(campus.institution)["fees"]
    at = {"institution": campus.institution, "currency": account.currency}
    item = money.an_item(campus, name=f"Fee {tag}", by=by, grade_level=None)
    money.billed(campus, by=by)
    for each in students[:5]:
        money.a_payment(each, "1", by=by)
    Account.objects.bulk_create(
        Account(code=f"{tag}{n}", name="Account", kind="income", **at) for n in range(len(students))
    )
    StudentFee.objects.bulk_create(
        StudentFee(student=each, item=item, kind="opted-out", starts_on=people.SCHOOL_DAY) for each in students
    )
    FeeItem.objects.bulk_create(
        FeeItem(year=campus.year, account=account, name=f"{tag} {n}", amount=1, optional=True, **at)
        for n in range(len(students))
    )
    LateFeeRule.objects.get_or_create(**at, defaults={"amount": 1, "days": 7, "cap": 5, "starts_on": people.SCHOOL_DAY})
    Concession.objects.bulk_create(
        Concession(
            student=each,
            year=campus.year,
            ground="other",
            percent=1,
            currency=account.currency,
            reason="r",
            asked_by=by,
        )
        for each in students
    )


def papers_and_messages(campus: Campus, by: User) -> None:
    """Besides: an exam session with a paper that is marked, an announcement and a file that came in."""
    students = people.students_in(campus.section)
    session = exams.an_exam_session(campus, by=by, state="marking")
    paper = exams.a_paper(session, campus.section, exams.a_course(campus, "Geography"), by=by, day=people.SCHOOL_DAY)
    exams.enter(paper, {students[0]: "55", students[1]: "70"}, by=by)
    audience = Audience("school", (), ("guardians",))
    announce(title="Sports day", text="On Friday.", audience=audience, by=by)
    Import.objects.create(source="students", file_name="autumn.csv", state="applied", received_at=clock.now())
