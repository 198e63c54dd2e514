"""What holds for every model admin of the office, whatever it is about: a walk over the registry."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.contrib.admin import ModelAdmin
from django.test import RequestFactory
from django.utils import translation
from django.utils.functional import Promise
from unfold.templatetags.unfold_list import items_for_result

from apps.access.permissions import CODES
from apps.accounts.models import User
from apps.attendance.models import AttendanceCode, AttendanceSession, Leave
from apps.examinations.models import ExamSession
from apps.family.models import ContactRequest
from apps.fees.models import Account, Concession, FeeItem, LateFeeRule, StudentFee
from apps.institutions.models import CalendarDay
from apps.office.shell import base
from apps.office.shell.base import ServiceAdmin
from apps.office.shell.permitted import ReadOnlyInline
from apps.office.shell.rooms import rooms
from apps.office.shell.site import office as site
from apps.office.shell.words import FIELDS
from apps.staff.models import StaffMember, Substitution, TeachingAssignment
from apps.students.models import Guardian, Student, StudentGuardian
from apps.timetable.models import Meeting, Period
from schoolops.audit import trail
from schoolops.tenancy import direct
from schoolops.tenancy.models import School
from tests.factories import money, people
from tests.factories.people import Campus

Office = Callable[..., Any]
Counting = Callable[..., AbstractContextManager[Any]]
# Registered as the rooms are opened.
rooms()
ADMINS = sorted(site._registry.items(), key=lambda pair: pair[0]._meta.label)
NAMES = [model._meta.label_lower for model, _ in ADMINS]


def _address(model: Any, what: str = "") -> str:
    return f"/office/{model._meta.app_label}/{model._meta.model_name}/{what}"


@pytest.mark.parametrize("admin", [admin for _, admin in ADMINS], ids=NAMES)
class TestEveryAdmin:
    def test_it_is_a_service_admin_and_writes_through_services_alone(self, admin: ModelAdmin[Any]) -> None:
        assert isinstance(admin, ServiceAdmin)
        own = [
            name for name in ("save_model", "delete_model", "save_related", "save_formset") if name in vars(type(admin))
        ]
        assert own == [], "Saving is ServiceAdmin's: name a service in add, change, remove."

    def test_its_permissions_are_in_the_table(self, admin: ServiceAdmin) -> None:
        codes = {admin.sees, admin.manages, *(act.permission for act in admin.acts)} - {""}
        codes |= {inline.sees for inline in admin.inlines}  # type: ignore[attr-defined]
        assert codes <= CODES
        # Whoever writes has been asked for a permission of their own.
        assert admin.manages or not (type(admin).add or type(admin).change or type(admin).remove)

    def test_its_inlines_are_read_only(self, admin: ServiceAdmin) -> None:
        assert all(issubclass(inline, ReadOnlyInline) for inline in admin.inlines)

    def test_it_counts_and_searches_within_bounds(self, admin: ServiceAdmin) -> None:
        assert admin.paginator is base.BoundedPaginator
        assert admin.show_full_result_count is False
        assert admin.list_per_page <= 100
        assert admin.actions is None

    def test_it_speaks_the_language_of_the_office(self, admin: ServiceAdmin) -> None:
        assert admin.one, admin.many
        shown = {name for name in (*(admin.fields or ()), *admin.list_display) if isinstance(name, str)}
        columns = {field.name for field in admin.model._meta.get_fields()}
        assert shown & columns <= FIELDS.keys() | admin.words.keys()

    def test_every_choice_has_a_word_that_the_office_translates(self, admin: ServiceAdmin) -> None:
        said = {word for field in admin.model._meta.fields for _, word in field.flatchoices or ()}
        assert {str(word) for word in said if not isinstance(word, Promise)} == set()
        with translation.override("ar"):
            assert {str(word) for word in said if str(word).isascii()} == set()


def test_no_page_of_the_office_saves_a_row_itself() -> None:
    """Writes have one door: no admin page of the office calls ``save``, ``create`` or ``update`` of a model."""
    writing = {"save", "create", "bulk_create", "bulk_update", "update_or_create", "get_or_create"}
    for _, admin in ADMINS:
        tree = ast.parse(inspect.getsource(inspect.getmodule(type(admin))))  # type: ignore[arg-type]
        called = {
            node.func.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        assert not called & writing, type(admin).__name__


# --- with rows --------------------------------------------------------------------------------------------------------
def _fill(campus: Campus, many: int, by: User, tag: str) -> None:
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


def _counted(browser: Any, query_count: Counting) -> dict[str, Any]:
    found = {}
    for model, _ in ADMINS:
        with query_count() as counted:
            assert browser.get(_address(model)).status_code == 200, model
        found[model._meta.label_lower] = counted
    return found


def test_a_list_costs_the_same_for_five_rows_as_for_fifty(
    office: Office, campus: Campus, erin: User, query_count: Counting
) -> None:
    _fill(campus, 5, erin, "A")
    browser = office(erin)
    browser.get("/office/")
    few = _counted(browser, query_count)
    _fill(campus, 45, erin, "BB")
    many = _counted(browser, query_count)
    grown = {name: many[name].statements for name in many if many[name].count != few[name].count}
    assert grown == {}
    assert max(counted.count for counted in many.values()) <= 12


def test_what_is_selected_in_a_list_is_not_deleted_past_the_services(
    office: Office, campus: Campus, erin: User
) -> None:
    _fill(campus, 2, erin, "E")
    browser = office(erin)
    for model, admin in ADMINS:
        if type(admin).remove is None:  # type: ignore[attr-defined]
            continue
        rows = set(model._default_manager.values_list("pk", flat=True))
        said = {"action": "delete_selected", "_selected_action": [str(each) for each in rows], "post": "yes"}
        browser.post(_address(model), {**said, "index": "0"})
        assert set(model._default_manager.values_list("pk", flat=True)) == rows, model


def _texts(cells: Any) -> list[list[Any]]:
    """Of each cell: which column it is, what it is called, and what stands in it."""
    found = []
    for cell in map(str, cells):
        kind, label, inside = re.fullmatch(
            r'<t[dh] class="([^"]*)" data-label="([^"]*)">(.*)</t[dh]>', cell, re.DOTALL
        ).groups()  # type: ignore[union-attr]
        column = next(each for each in kind.split() if each.startswith("field-"))
        # What ticks a row is ours alone. The theme gives a link of the list classes, and what leads nowhere else.
        inside = re.sub(r'^<input type="checkbox" name="row" value="\d+" aria-label="[^"]+"> ', "", inside)
        found.append([column, label, re.sub(r'<a href="([^"]*)" class="[^"]*" >', r'<a href="\1">', inside)])
    return found


def test_a_row_says_what_the_theme_would_say(campus: Campus, erin: User, rf: RequestFactory) -> None:
    _fill(campus, 3, erin, "D")
    for model, admin in ADMINS:
        request = rf.get(_address(model))
        request.user = User.objects.get(pk=erin.pk)
        listed = admin.get_changelist_instance(request)  # type: ignore[arg-type]
        theirs = [_texts(items_for_result(listed, row, None)) for row in listed.result_list]
        ours = [_texts(re.findall(r"<t[dh] .*?</t[dh]>", line, re.DOTALL)) for line in listed.lines.split("</tr>")[:-1]]
        assert ours, model
        # They call the first column for what selects a row, which nothing does here.
        for row in (*theirs, *ours):
            row[0][1] = ""
        assert ours == theirs, model
        assert listed.lines.count('name="row"') == (len(theirs) if listed.ticked else 0)


# Numbers that nothing else on a page has: the sequences begin here.
FIRST = 731_000_000
A_KEY = re.compile(r"\b731\d{6}\b|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
WRITTEN = re.compile(r"<(script|style|template)\b.*?</\1>|<[^>]*>", re.DOTALL)
SPOKEN = re.compile(r"""\b(?:title|placeholder|alt|aria-label)=(?:"([^"]*)"|'([^']*)')""")
# Who reads the trail looks for what a line is about by its public id, and for the request in the log.
BY_ID = re.compile(r"/office/audit/auditentry/")


def _begin_far_away(school: School) -> None:
    """Let rows that are written from now on have keys that stand out."""
    named = "SELECT format('%%I.%%I', schemaname, sequencename) FROM pg_sequences WHERE schemaname = %s"
    with direct.connect("a test", alias="admin", statement_s=60, lock_s=60) as owning:
        for (sequence,) in owning.execute(named, [school.schema_name]).fetchall():
            owning.execute("SELECT setval(%s, %s)", [sequence, FIRST])


def _keys_on(page: str) -> set[str]:
    """Keys of rows that somebody reads, or hears, on ``page``."""
    texts = [WRITTEN.sub(" ", page), *(a or b for a, b in SPOKEN.findall(page))]
    return {found for text in texts for found in A_KEY.findall(text)}


def test_every_page_opens_and_says_names_where_rows_have_keys(
    in_oak: School, office: Office, campus: Campus, erin: User
) -> None:
    _begin_far_away(in_oak)
    _fill(campus, 2, erin, "C")
    browser = office(erin)
    broken, keys = {}, {}
    for model, admin in ADMINS:
        row = model._default_manager.order_by("pk").last()
        assert row is not None, model
        pages = [
            _address(model),
            _address(model, "?q=a"),
            *(_address(model, f"{row.pk}/{what}/") for what in ("change", "history")),
        ]
        pages += [_address(model, "add/")] if type(admin).add is not None else []  # type: ignore[attr-defined]
        pages += [_address(model, f"{row.pk}/act/{act.name}/") for act in admin.acts]  # type: ignore[attr-defined]
        for page in pages:
            answer = browser.get(page)
            if answer.status_code != 200:
                broken[page] = answer.status_code
            elif (found := _keys_on(answer.content.decode())) and not BY_ID.match(page):
                keys[page] = found
    assert broken == {}
    assert keys == {}


def test_a_key_is_found_wherever_it_is_read() -> None:
    assert _keys_on("<a href='/731000001/' title=\"Roll of 731000002\">731000003</a><script>731000004</script>") == {
        "731000002",
        "731000003",
    }
