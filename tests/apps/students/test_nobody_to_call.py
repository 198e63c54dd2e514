"""A guardian who must not be given a student is nobody to call, wherever guardians of a student stand.

Page, API, paper, lists, search, spreadsheets and OneRoster follow one rule: who may not see restrictions over that
student is not told of a barred guardian at all, and whoever may is told that he is one.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from django.test import Client

from apps.access.errors import PermissionMissing
from apps.access.models import Role, RolePermission
from apps.accounts.models import User
from apps.exchange.services.exporting.bundle import export_bundle
from apps.exchange.services.exporting.templates import template_pages
from apps.students import services
from apps.students.models import Guardian, Student, StudentGuardian
from schoolops.cache.entry import forget_school
from schoolops.context import current_school
from tests.apps.asking import asking
from tests.factories.people import Campus, students_in
from tests.factories.talking import Browser
from tests.support.kept import kept

NAME, PHONE, EMAIL = "Rickard", "+44 7700 900123", "rickard@x.example"


def _page(path: str) -> Callable[[User, Student, StudentGuardian], str]:
    def read(user: User, student: Student, link: StudentGuardian) -> str:
        browser = Browser(Client(headers={"host": f"{current_school().slug}.localhost"}), user)
        where = path.format(student=student, link=link, guardian=link.guardian)
        answer = browser.get(f"/office/{where}", follow=True)
        return str(answer.content, "utf-8", "replace") if answer.status_code == 200 else ""

    return read


def _api(path: str) -> Callable[[User, Student, StudentGuardian], str]:
    def read(user: User, student: Student, link: StudentGuardian) -> str:
        where = path.format(student=student.sourced_id, link=link.sourced_id, guardian=link.guardian.sourced_id)
        answer = asking(user).get(where)
        body = b"".join(answer) if answer.streaming else answer.content
        if "as=xlsx" in path and answer.status_code == 200:
            with zipfile.ZipFile(io.BytesIO(body)) as book:
                body = b"".join(book.read(each) for each in book.namelist())
        return str(body, "utf-8") if answer.status_code == 200 else ""

    return read


def _bundle(user: User, student: Student, link: StudentGuardian) -> str:
    file = io.BytesIO()
    export_bundle(into=file, by=user)
    with zipfile.ZipFile(file) as archive:
        return "".join(archive.read(each).decode() for each in archive.namelist())


def _template(user: User, student: Student, link: StudentGuardian) -> str:
    return str(list(template_pages(source="guardians", by=user)))


# Every place where guardians of a student are shown or taken away.
PLACES: dict[str, Callable[[User, Student, StudentGuardian], str]] = {
    "the student's page": _page("student/{student.sourced_id}/"),
    "the student's record": _page("students/student/{student.pk}/change/"),
    "guardians in the office": _page("students/guardian/"),
    "one guardian in the office": _page("students/guardian/{guardian.pk}/change/"),
    "searching guardians": _page("students/guardian/?q=" + NAME),
    "links in the office": _page("students/studentguardian/"),
    "one link in the office": _page("students/studentguardian/{link.pk}/change/"),
    "searching everything": _page("find/?q=" + NAME),
    "a student's guardians": _api("students/{student}/guardians"),
    "one link": _api("students/{student}/guardians/{link}"),
    "a student's guardians, CSV": _api("students/{student}/guardians?as=csv"),
    "a student's guardians, XLSX": _api("students/{student}/guardians?as=xlsx"),
    "guardians": _api("guardians"),
    "guardians, by phone": _api("guardians?q=900123"),
    "guardians, of the student": _api("guardians?student_id={student}"),
    "guardians, CSV": _api("guardians?as=csv"),
    "guardians, XLSX": _api("guardians?as=xlsx"),
    "one guardian": _api("guardians/{guardian}"),
    "OneRoster": _bundle,
    "the template of guardians": _template,
}
FOR_THE_WHOLE_ROSTER = {"OneRoster", "the template of guardians"}


@pytest.fixture
@kept
def barred(campus: Campus, dave: User) -> StudentGuardian:
    """Rickard, linked to the first of 7 B under a court order, on the books with a phone and as the first to call."""
    guardian = Guardian.objects.create(given_name=NAME, family_name="Vance", phone=PHONE, email=EMAIL)
    fields = {"restriction_note": "Court order 12", "emergency_contact": True}
    return services.link_guardian(student=students_in(campus.section)[0], guardian=guardian, fields=fields, by=dave)


def _without_restrictions(user: User) -> User:
    """The registrar, at a school where that role may not see restrictions."""
    RolePermission.objects.filter(role__code="registrar", permission="students.view_custody").delete()
    forget_school()
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize("place", PLACES)
def test_who_may_not_see_restrictions_is_not_told_of_him(
    campus: Campus, bob: User, dave: User, alice: User, barred: StudentGuardian, place: str
) -> None:
    dave = _without_restrictions(dave)
    student = barred.student
    said = ("Rickard", "900123", EMAIL, "Court order", str(barred.sourced_id), str(barred.guardian.sourced_id))
    for reader in (dave,) if place in FOR_THE_WHOLE_ROSTER else (bob, dave):
        shown = PLACES[place](reader, student, barred)
        # What was asked for stands in the field that asked, and in nothing else.
        for asked in (f'value="{NAME}"', f"q={NAME}", f"q%3D{NAME}", f"“{NAME}”"):
            shown = shown.replace(asked, "")
        found = [shown[max(0, shown.find(each) - 60) :][:120] for each in said if each in shown]
        assert found == [], reader
    # The head may see restrictions, and he is there.
    RolePermission.objects.get_or_create(role=Role.objects.get(code="head"), permission="exports.roster")
    assert "Rickard" in PLACES[place](User.objects.get(pk=alice.pk), student, barred)


@pytest.mark.parametrize("place", [each for each in PLACES if each not in FOR_THE_WHOLE_ROSTER])
def test_of_another_child_he_is_a_guardian_like_any(
    campus: Campus, dave: User, bob: User, barred: StudentGuardian, place: str
) -> None:
    link = services.link_guardian(student=students_in(campus.section)[1], guardian=barred.guardian, fields={}, by=dave)
    assert "Rickard" in PLACES[place](bob, link.student, link)


def test_the_page_says_whom_not_to_call(campus: Campus, alice: User, barred: StudentGuardian) -> None:
    shown = PLACES["the student's page"](alice, barred.student, barred)
    assert "Court order 12" in shown
    assert "900123" not in shown


def test_who_may_not_see_a_restriction_cannot_lift_it(campus: Campus, dave: User, barred: StudentGuardian) -> None:
    dave = _without_restrictions(dave)
    ask, path = asking(dave), f"students/{barred.student.sourced_id}/guardians/{barred.sourced_id}"
    assert [ask.patch(path, {"data_access": True}).status_code, ask.delete(path).status_code] == [404, 404]
    assert ask.patch(f"guardians/{barred.guardian.sourced_id}", {"phone": "1", "version": 1}).status_code == 404
    for write in (
        lambda: services.change_guardian_link(link=barred, fields={"relation": "other"}, by=dave),
        lambda: services.unlink_guardian(link=barred, by=dave),
    ):
        with pytest.raises(PermissionMissing):
            write()
