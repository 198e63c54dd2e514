"""What people type and may stand once stands once however it is typed; schools that hold some twice go on with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.test import Client

from apps.accounts.models import User
from apps.attendance.models import AttendanceCode
from apps.exchange.models import Import, ImportRow
from apps.institutions.models import AcademicYear, Course, CourseClass, GradeLevel, Institution, Section, Term
from apps.office.models import SavedFilter
from apps.staff.models import StaffMember
from apps.students.models import Student
from apps.timetable.models import Period
from schoolops import twins
from schoolops.health import doctor
from schoolops.tenancy.models import School
from tests.apps.asking import asking
from tests.factories import people
from tests.factories.people import Campus
from tests.factories.talking import Browser

# Text that may stand once as it is written, since nobody types it.
AS_WRITTEN = {
    ("access_role", "code"): "made of the name, of ASCII small letters",
    ("access_rolepermission", "permission"): "a code of ours",
    ("examinations_gradeband", "code"): "a grade as it is printed, capitals and all",
    ("examinations_exam", "title"): "told apart by its group, and shown as it is written",
    ("exchange_counterpart", "kind"): "a word of ours",
    ("exchange_counterpart", "external_id"): "what another program calls a row, letter by letter",
    ("exchange_headermapping", "header"): "folded before it is written",
    ("fees_account", "currency"): "a code of ISO 4217",
    ("fees_bankline", "key"): "a digest",
    ("fees_bankstatement", "sha256"): "a digest",
    ("fees_ledgertransaction", "source_kind"): "a word of ours",
    ("fees_ledgertransaction", "purpose"): "a word of ours",
    ("fees_gatewayevent", "event"): "what a card gateway calls it, letter by letter",
    ("fees_paymentintent", "reference"): "what a card gateway calls it, letter by letter",
    ("fees_paymentintent", "also"): "what a card gateway calls it, letter by letter",
    ("institutions_institution", "currency"): "a code of ISO 4217",
    ("notifications_message", "fact"): "a word of ours",
    ("notifications_message", "key"): "a day or a public id",
    ("notifications_messagetemplate", "fact"): "a word of ours",
    ("notifications_messagetemplate", "language"): "a code of ours",
    ("notifications_rule", "fact"): "a word of ours",
    ("reports_reportcard", "code"): "a code of ours, of ASCII capitals",
    ("rollouts_step", "school"): "a school's short name",
    ("rollouts_step", "item"): "the name of an index, or of nothing",
    ("seeds_offered", "subject"): "a word of ours",
    ("seeds_offered", "item"): "a word of ours",
    ("tenancy_school", "slug"): "of ASCII small letters, checked",
    ("tenancy_school", "role_name"): "made of the slug",
    ("tenancy_school", "schema_name"): "made of the slug",
    ("tenancy_domain", "domain"): "small letters, checked by the database",
}
# One text, and the same as others type it.
AGAIN = [
    ("MA-1", "ma-1"),
    ("MÁ-1", "ma\N{NON-BREAKING HYPHEN}1"),
    ("GRÜß-7", "grüss-7"),
    ("7 B", "7\N{NO-BREAK SPACE}b"),
    ("O71", "O\N{ARABIC-INDIC DIGIT SEVEN}\N{ARABIC-INDIC DIGIT ONE}"),
]


def _stands_once_as_written() -> set[tuple[str, str]]:
    """Tables and their text columns that are unique as they are written."""
    found = set()
    for model in apps.get_models():
        if not model.__module__.startswith(("apps.", "schoolops.")):
            continue
        named = [name for each in model._meta.constraints for name in getattr(each, "fields", ())]
        named += [field.name for field in model._meta.fields if field.unique and not field.primary_key]
        for name in named:
            field = model._meta.get_field(name)
            if isinstance(field, models.CharField | models.TextField) and not field.choices:
                found.add((model._meta.db_table, name))
        for each in model._meta.constraints:
            for part in getattr(each, "expressions", ()) or ():
                for lower in [part, *part.flatten()] if hasattr(part, "flatten") else [part]:
                    if type(lower).__name__ in {"Lower", "Upper"}:
                        found.add((model._meta.db_table, str(each.name)))
    return found


def test_whatever_people_type_stands_once_by_the_fold() -> None:
    assert {(each.model._meta.db_table, each.column) for each in twins.declared()} == {
        ("accounts_user", "username"), ("accounts_user", "email"), ("students_student", "admission_number"),
        ("staff_staffmember", "staff_number"), ("institutions_institution", "code"),
        ("institutions_academicyear", "name"), ("institutions_term", "name"), ("institutions_gradelevel", "name"),
        ("institutions_gradelevel", "code"), ("institutions_section", "name"), ("institutions_course", "code"),
        ("institutions_courseclass", "code"), ("attendance_attendancecode", "code"), ("timetable_period", "name"),
        ("office_savedfilter", "name"),
    }  # fmt: skip
    assert _stands_once_as_written() == AS_WRITTEN.keys()


def _rows(campus: Campus, user: User, said: str) -> dict[tuple[str, str], Callable[[str], Any]]:
    """For everything that stands once: how a row called ``said`` is written, whatever writes it."""
    at, year = campus.institution, campus.year
    course = Course.objects.create(institution=at, code="HERE", title="Here")
    numbers = iter(range(50, 90))
    times = {"starts_at": "08:00", "ends_at": "09:00"}
    days = {"starts_on": "2031-01-01", "ends_on": "2031-02-01"}
    level = campus.section.grade_level
    return {
        ("accounts_user", "username"): lambda it: User.objects.create(username=it),
        ("accounts_user", "email"): lambda it: User.objects.create(username=f"u{next(numbers)}", email=f"{it}@x.org"),
        ("students_student", "admission_number"): lambda it: Student.objects.create(
            institution=at, admission_number=it, given_name="Ada"
        ),
        ("staff_staffmember", "staff_number"): lambda it: StaffMember.objects.create(
            institution=at, staff_number=it, given_name="Ada"
        ),
        ("institutions_institution", "code"): lambda it: Institution.objects.create(name="Other", code=it),
        ("institutions_academicyear", "name"): lambda it: AcademicYear.objects.create(
            institution=at, name=it, starts_on=f"20{next(numbers)}-01-01", ends_on=f"20{next(numbers)}-02-01"
        ),
        ("institutions_term", "name"): lambda it: Term.objects.create(
            year=year, name=it, kind=Term.Kind.GRADING_PERIOD, starts_on=year.starts_on, ends_on=year.starts_on
        ),
        ("institutions_gradelevel", "name"): lambda it: GradeLevel.objects.create(
            name=it, code=str(position := next(numbers)), position=position
        ),
        ("institutions_gradelevel", "code"): lambda it: GradeLevel.objects.create(
            code=it, name=str(position := next(numbers)), position=position
        ),
        ("institutions_section", "name"): lambda it: Section.objects.create(
            institution=at, year=year, grade_level=level, name=it
        ),
        ("institutions_course", "code"): lambda it: Course.objects.create(institution=at, code=it, title="Art"),
        ("institutions_courseclass", "code"): lambda it: CourseClass.objects.create(
            institution=at, course=course, year=year, code=it, title="Art"
        ),
        ("attendance_attendancecode", "code"): lambda it: AttendanceCode.objects.create(
            code=it, name="Somewhere", direction="in", state="present"
        ),
        ("timetable_period", "name"): lambda it: Period.objects.create(
            institution=at, name=it, position=next(numbers), **times
        ),
        ("office_savedfilter", "name"): lambda it: SavedFilter.objects.create(
            user=user, listed="students.Student", name=it, query=str(days)
        ),
    }


@pytest.mark.parametrize(("said", "again"), AGAIN)
def test_the_database_refuses_the_same_text_however_it_is_written(
    campus: Campus, erin: User, said: str, again: str
) -> None:
    writers = _rows(campus, erin, said)
    assert writers.keys() == {(each.model._meta.db_table, each.column) for each in twins.declared()}
    constraints = {(each.model._meta.db_table, each.column): each.constraint for each in twins.declared()}
    for which, write in writers.items():
        write(said)
        with pytest.raises(IntegrityError, match=constraints[which]), transaction.atomic():
            # Two terms of a kind never share a day: only the name is asked about.
            write(again) if which[0] != "institutions_term" else Term.objects.filter(name="Spring").update(name=again)


# --- every door says so at the field -------------------------------------------------------------------------------
def test_the_api_says_which_field_reads_as_another(campus: Campus, erin: User, dave: User) -> None:
    at = str(campus.institution.sourced_id)
    year, level = str(campus.year.sourced_id), str(campus.section.grade_level.sourced_id)
    placed = {"year_id": year, "grade_level_id": level, "entered_on": f"{people.SCHOOL_DAY}"}
    asked: list[tuple[User, str, str, dict[str, Any]]] = [
        (dave, "students", "admission_number", {"institution_id": at, "given_name": "Ada", "enrolment": placed}),
        (dave, "staff", "staff_number", {"institution_id": at, "given_name": "Ada"}),
        (dave, "courses", "code", {"institution_id": at, "title": "Art"}),
        (dave, "sections", "name", {"year_id": year, "grade_level_id": level}),
        (erin, "institutions", "code", {"name": "Other", "timezone": "UTC", "currency": "EUR"}),
        (erin, "users", "username", {"given_name": "Ada", "roles": [{"role": "teacher"}]}),
    ]
    for by, address, field, more in asked:
        first = asking(by).post(address, {**more, field: "GRÜß-7"})
        assert first.status_code == 201, (address, first.json())
        second = asking(by).post(address, {**more, field: "grüss\N{NON-BREAKING HYPHEN}7"})
        assert second.status_code == 409, (address, second.content)
        assert [each["field"] for each in second.json()["errors"]] == [field], address


@pytest.fixture
def office(in_oak: School, client_for: Callable[[School], Client]) -> Callable[[User], Browser]:
    """A browser in which somebody is logged in."""
    return lambda user: Browser(client_for(in_oak), user)


def test_a_form_of_the_office_says_so_at_the_field(office: Callable[..., Any], dave: User, campus: Campus) -> None:
    Course.objects.create(institution=campus.institution, code="Árt", title="Art")
    said = {"institution": campus.institution.pk, "code": "ART", "title": "More art", "subject": "", "subject_code": ""}
    answer = office(dave).post("/office/institutions/course/add/", said)
    assert answer.status_code == 200
    assert set(answer.context["adminform"].form.errors) == {"code"}


# --- schools that hold some twice ----------------------------------------------------------------------------------
def _twin(row: Any, column: str, said: str, **more: Any) -> Any:
    """A row like ``row`` called ``said``, as the upgrade counts it."""
    other = type(row)(
        **{
            field.attname: getattr(row, field.attname)
            for field in row._meta.concrete_fields
            if not (field.generated or field.primary_key or field.unique)
        }
    )
    for name, value in {column: said, f"{column}_twin": 1, **more}.items():
        setattr(other, name, value)
    other.save(force_insert=True)
    return other


def _count(row: Any, column: str) -> int:
    row.refresh_from_db()
    return int(getattr(row, f"{column}_twin"))


def test_a_twin_that_is_called_otherwise_is_one_no_more(campus: Campus, dave: User) -> None:
    first = people.students_in(campus.section)[0]
    Student.objects.filter(pk=first.pk).update(admission_number="A-1")
    second = _twin(Student.objects.get(pk=first.pk), "admission_number", "a\N{NON-BREAKING HYPHEN}1")

    def called(number: str, **more: str) -> Any:
        said = {"admission_number": number, **more}
        return asking(dave).patch(f"students/{second.sourced_id}", said, headers={"If-Match": "*"})

    # What it is called stays, whatever else is changed with it.
    assert called("á-1", given_name="Bo").status_code == 200
    assert _count(second, "admission_number") == 1
    assert called("A-2").status_code == 200
    assert _count(second, "admission_number") == 0
    refused = called("a-1")
    assert (refused.status_code, refused.json()["code"]) == (409, "students:admission-number-taken")


@pytest.mark.parametrize("leaves", ["is called otherwise", "is gone"])
def test_when_the_first_leaves_the_number_its_twin_has_it(campus: Campus, leaves: str) -> None:
    first = Course.objects.create(institution=campus.institution, code="MA", title="Mathematics")
    second, third = (_twin(first, "code", said, code_twin=n) for n, said in ((1, "ma"), (2, "mA")))
    elsewhere = Course.objects.create(institution=people.a_school_year().institution, code="ma", title="Elsewhere")
    if leaves == "is gone":
        first.delete()
    else:
        Course.objects.filter(pk=first.pk).update(code="PH")
    assert [_count(each, "code") for each in (second, third, elsewhere)] == [0, 2, 0]
    with pytest.raises(IntegrityError, match="course_code_per_institution"), transaction.atomic():
        Course.objects.create(institution=campus.institution, code="Ma", title="Once more")


def test_each_of_two_logins_goes_on_by_its_name_as_it_is_written(in_oak: object, at_oak: Any) -> None:
    weiss = people.a_user("WEISS", role="teacher")
    other = _twin(weiss, "username", "weiß", email="")
    for typed, whose in (("weiß", other), ("Weiß", other), ("WEISS", weiss), ("weiss", weiss), ("wéiss", weiss)):
        assert User.objects.known_as(typed).get() == whose, typed
    # A wait of the one is none of the other's.
    for _ in range(5):
        at_oak().log_in("weiß", "wrong")
    assert at_oak().log_in("weiß").status_code == 429
    assert at_oak().log_in("WEISS").status_code == 200


def test_the_doctor_and_the_check_list_name_twins(campus: Campus, erin: User, office: Callable[..., Any]) -> None:
    first = people.students_in(campus.section)[0]
    assert "read the same" not in office(erin).get("/office/set-up/").content.decode()
    second = _twin(first, "admission_number", first.admission_number.lower())
    page = office(erin).get("/office/set-up/").content.decode()
    for row in (first, second):
        assert f"/office/students/student/{row.pk}/change/" in page
        assert row.admission_number in page
    said = [line for what, line in doctor.examine() if what == "twins"]
    assert [line.colour for line in said] == ["yellow"]
    assert f"“{second.admission_number}” and “{first.admission_number}” read the same" in said[0].what
    assert said[0].remedy
    (found,) = twins.twins()
    assert (found.row, found.other, found.is_public) == (second, first, True)


def test_addresses_are_nothing_for_operators_to_read(in_oak: object) -> None:
    bob = people.a_user("bob")
    User.objects.filter(pk=bob.pk).update(email="bob@x.org")
    _twin(User.objects.get(pk=bob.pk), "email", "BOB@x.org", username="rob")
    assert [(each.of.column, each.is_public) for each in twins.twins()] == [("email", False)]


# --- files ---------------------------------------------------------------------------------------------------------
def test_a_file_that_writes_a_section_another_way_means_the_same(campus: Campus, erin: User, read_as: Any) -> None:
    section = Section.objects.create(
        institution=campus.institution, year=campus.year, grade_level=campus.section.grade_level, name="Rosé"
    )
    run = read_as(b"Grade,Name\n07,ROSE\n", "sections", campus)
    row = ImportRow.objects.get(run=run, kind="section")
    assert (row.errors, row.action, row.target_id) == ([], "unchanged", section.pk)


@pytest.fixture
def read_as(erin: User, tmp_path: Any, settings: Any) -> Callable[..., Import]:
    """A file as it is compared."""
    import io  # noqa: PLC0415

    from apps.exchange import services  # noqa: PLC0415

    settings.MEDIA_ROOT = tmp_path / "media"

    def reading(content: bytes, source: str, campus: Campus) -> Import:
        run = services.receive(
            file=io.BytesIO(content), name=f"{source}.csv", source=source, institution=campus.institution, by=erin
        )
        return services.read_and_validate(run=run)

    return reading
