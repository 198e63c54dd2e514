"""Roles × pages: what the navigation shows is what opens; whose rows; and a role that is edited."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from apps.access import services as access
from apps.access.models import Role, RoleAssignment, RolePermission
from apps.access.selectors import permissions_of_roles
from apps.access.services.people import Wanted
from apps.accounts import services as accounts
from apps.accounts.models import User
from apps.institutions.models import Institution
from apps.office.shell.navigation import navigation
from apps.students.models import Student, StudentGuardian
from tests.factories import people
from tests.factories.people import Campus

Office = Callable[..., Any]


def _menu(browser: Any) -> set[str]:
    page = browser.get("/office/find/").content.decode()
    sidebar = page[page.index('id="nav-sidebar-apps"') : page.index('id="main"')]
    return set(re.findall(r'href="(/[^"]+)"', sidebar)) - {"/office/password_change/"}


@pytest.mark.parametrize("role", ["administrator", "head", "registrar", "accountant", "support"])
def test_whatever_the_navigation_shows_opens(office: Office, campus: Campus, role: str) -> None:
    browser = office(people.a_user(f"{role}-1", role=role))
    menu = _menu(browser)
    assert "/office/" in menu
    assert {address: browser.get(address).status_code for address in menu} == dict.fromkeys(menu, 200)


def test_whatever_a_teacher_is_shown_opens_and_nothing_else(office: Office, bob: User) -> None:
    browser = office(bob)
    menu = _menu(browser)
    assert {browser.get(address).status_code for address in menu} == {200}
    for hidden in ("roles/", "logins/new/", "audit/auditentry/", "accounts/user/", "students/studentguardian/add/"):
        assert browser.get(f"/office/{hidden}").status_code == 403, hidden


@pytest.mark.parametrize(
    ("address", "marked"),
    [
        ("/office/", "/office/"),
        ("/office/find/", None),
        ("/office/student/{student}/", "/office/students/student/"),
        ("/office/student/admit/", "/office/student/admit/"),
        ("/office/logins/new/", "/office/accounts/user/"),
        ("/office/rolls/", "/office/rolls/"),
    ],
)
def test_the_navigation_marks_where_one_is(
    office: Office, erin: User, campus: Campus, address: str, marked: str | None
) -> None:
    student = people.students_in(campus.section)[0]
    page = office(erin).get(address.format(student=student.sourced_id)).content.decode()
    found = re.findall(r'href="([^"]+)" aria-current="page"', page[page.index('id="nav-sidebar-apps"') :])
    assert found == ([marked] if marked else [])


def test_a_refusal_calls_the_permission_as_the_roles_editor_does(office: Office, alice: User, campus: Campus) -> None:
    RolePermission.objects.filter(permission="attendance.desk").delete()
    page = office(people.a_user("rita", role="registrar")).get("/office/desk/").content.decode()
    assert "You do not have the permission “Enter office codes and late arrivals”." in page
    assert "attendance.desk" not in page


def test_only_who_admits_finds_the_way_from_the_list(office: Office, dave: User, bob: User, campus: Campus) -> None:
    def tools(user: User) -> str:
        page = office(user).get("/office/students/student/").content.decode()
        assert "<title>Students |" in " ".join(page.split()).replace("<title> ", "<title>")
        return str(page[page.index('id="main"') :])

    assert "/office/student/admit/" in tools(dave)
    assert "/office/student/admit/" not in tools(bob)


def test_the_administrator_finds_every_entry(office: Office, erin: User) -> None:
    assert _menu(office(erin)) == {reverse(entry.to) for _heading, entries in navigation() for entry in entries}


def test_a_teacher_lists_the_students_they_teach_and_opens_no_other(office: Office, bob: User, campus: Campus) -> None:
    browser = office(bob)
    page = browser.get("/office/students/student/").content.decode()
    assert page.count("/office/student/") == 12
    stranger = people.students_in(campus.sections["7 C"])[0]
    assert browser.get(f"/office/students/student/{stranger.pk}/change/").status_code == 404
    assert (
        browser.get("/office/find/", {"q": stranger.admission_number}).content.decode().count(str(stranger.sourced_id))
        == 0
    )


def test_a_restriction_is_shown_to_nobody_without_the_permission(
    office: Office, carol: User, bob: User, dave: User
) -> None:
    link = StudentGuardian.objects.filter(guardian__user=carol).order_by("pk").first()
    assert link is not None
    StudentGuardian.objects.filter(pk=link.pk).update(restriction_note="By order of the court")
    address = f"/office/students/studentguardian/{link.pk}/change/"
    assert "By order of the court" in office(dave).get(address).content.decode()
    assert "By order of the court" not in office(bob).get(address).content.decode()


def test_a_role_at_one_campus_lists_its_rows_of_that_campus_only(office: Office, campus: Campus) -> None:
    other = people.a_school_year(name="Far Campus", sections=("9 A",), state="planned")
    people.some_students(2, section=other.section)
    head = people.a_user("far-head", role="head", institution=other.institution)
    page = office(head).get("/office/students/student/").content.decode()
    assert page.count("/office/student/") == 2
    refused = office(head).post(
        f"/office/institutions/institution/{campus.institution.pk}/change/",
        {
            "name": "Mine",
            "code": "X",
            "timezone": "UTC",
            "currency": "GBP",
            "locale": "en-gb",
            "brand_colour": "#000000",
        },
    )
    assert refused.status_code == 200
    assert not Institution.objects.filter(name="Mine").exists()


# --- the roles editor -------------------------------------------------------------------------------------------------
def _held(code: str) -> list[str]:
    role = Role.objects.get(code=code)
    return permissions_of_roles([role.sourced_id])[role.sourced_id]


def test_a_menu_vanishes_for_everybody_whose_role_is_edited(office: Office, erin: User, dave: User) -> None:
    registrar, administrator = office(dave), office(erin)
    assert "/office/students/guardian/" in _menu(registrar)
    role = Role.objects.get(code="registrar")
    address = f"/office/roles/{role.sourced_id}/"
    assert "See guardians and how to reach them" in administrator.get(address).content.decode()
    kept = [code for code in _held("registrar") if not code.startswith("guardians.")]
    saved = administrator.post(address, {"name": role.name, "version": role.version, "permission": kept})
    assert saved.status_code == 302
    assert "/office/students/guardian/" not in _menu(registrar)
    assert registrar.get("/office/students/guardian/").status_code == 403


def test_two_who_edit_one_role_do_not_overwrite_each_other(office: Office, erin: User) -> None:
    role = Role.objects.get(code="head")
    browser, address = office(erin), f"/office/roles/{role.sourced_id}/"
    first = {"name": role.name, "version": role.version, "permission": ["students.view"]}
    assert browser.post(address, first).status_code == 302
    second = browser.post(address, {**first, "permission": ["staff.view"]})
    assert second.status_code == 422
    assert "changed meanwhile" in second.content.decode()
    assert _held("head") == ["students.view"]


def test_who_may_only_see_roles_cannot_change_one(office: Office, alice: User) -> None:
    role = Role.objects.get(code="teacher")
    before = _held("teacher")
    answer = office(alice).post(f"/office/roles/{role.sourced_id}/", {"name": "Boss", "permission": ["audit.view"]})
    assert answer.status_code == 403
    assert _held("teacher") == before


def test_a_new_role_begins_as_a_copy(office: Office, erin: User) -> None:
    like = Role.objects.get(code="registrar")
    made = office(erin).post("/office/roles/new/", {"name": "Secretary", "like": like.pk})
    assert made.status_code == 302
    assert _held("secretary") == _held("registrar")


def test_somebody_new_is_let_in_with_a_link_shown_once(office: Office, dave: User, erin: User) -> None:
    role = Role.objects.get(code="teacher")
    said = {"given_name": "Nora", "username": "nora", "role": role.pk}
    made = office(dave).post("/office/logins/new/", said)
    assert made.status_code == 200
    assert "/redeem#" in made.content.decode()
    assert "no-store" in made["Cache-Control"]
    taken = office(dave).post("/office/logins/new/", said)
    assert taken.status_code == 422
    assert "nora is taken" in taken.content.decode()
    beyond = office(dave).post(
        "/office/logins/new/", {**said, "username": "x", "role": Role.objects.get(code="head").pk}
    )
    assert beyond.status_code == 422
    assert not User.objects.filter(username="x").exists()


def test_the_search_finds_people_by_parts_of_their_names(office: Office, alice: User, carol: User) -> None:
    student = Student.objects.filter(family_name="Hassan").order_by("pk").first()
    assert student is not None
    page = office(alice).get("/office/find/", {"q": "hass ami"}).content.decode()
    assert str(student.sourced_id) in page
    assert "Rivera" in office(alice).get("/office/find/", {"q": "Rivera"}).content.decode()
    assert "<mark>" not in office(alice).get("/office/find/", {"q": "<script>"}).content.decode()


@pytest.mark.parametrize(
    "guess",
    [
        "students/student/?medical_note__startswith=a",
        "students/studentguardian/?restriction_note__contains=court",
        "accounts/user/?password__startswith=argon2",
        "students/student/?user__password__startswith=a",
    ],
)
def test_what_a_page_does_not_show_cannot_be_guessed_by_its_address(office: Office, erin: User, guess: str) -> None:
    assert office(erin).get(f"/office/{guess}").status_code == 400


def _of_two_campuses() -> tuple[User, Student]:
    """Head at a far campus, and accountant of the whole school; and a student who is not of that campus."""
    near = Student.objects.order_by("pk").first()
    assert near is not None
    Student.objects.filter(pk=near.pk).update(medical_note="Peanuts")
    other = people.a_school_year(name="Far Campus", sections=("9 A",), state="planned")
    people.some_students(1, section=other.section)
    Student.objects.filter(institution=other.institution).update(medical_note="Bees")
    user = people.a_user("far-head", role="head", institution=other.institution)
    RoleAssignment.objects.create(user=user, role=Role.objects.get(code="accountant"))
    return user, near


def test_notes_are_shown_where_the_very_permission_reaches(office: Office, carol: User) -> None:
    user, near = _of_two_campuses()
    far = Student.objects.get(institution__name="Far Campus")
    link = StudentGuardian.objects.filter(student=near).first()
    assert link is not None
    StudentGuardian.objects.filter(pk=link.pk).update(restriction_note="By order of the court")
    browser = office(user)
    assert "Bees" in browser.get(f"/office/students/student/{far.pk}/change/").content.decode()
    page = browser.get(f"/office/students/student/{near.pk}/change/")
    assert page.status_code == 200
    assert "Peanuts" not in page.content.decode()
    # Who may not see restrictions is not shown that somebody barred is linked at all.
    assert browser.get(f"/office/students/studentguardian/{link.pk}/change/").status_code == 404
    StudentGuardian.objects.filter(pk=link.pk).update(restriction_note="")
    assert browser.get(f"/office/students/studentguardian/{link.pk}/change/").status_code == 200


def test_the_family_is_shown_where_that_permission_reaches(office: Office, carol: User) -> None:
    RolePermission.objects.filter(role__code="accountant", permission="guardians.view").delete()
    user, _near = _of_two_campuses()
    link = StudentGuardian.objects.filter(guardian__user=carol).first()
    assert link is not None
    page = office(user).get(f"/office/students/student/{link.student_id}/change/")
    assert page.status_code == 200
    assert "Rivera" not in page.content.decode().replace(str(link.student), "")


def test_the_trail_of_one_campus_is_read_row_by_row(office: Office, campus: Campus, alice: User) -> None:
    user, near = _of_two_campuses()
    far = Student.objects.get(institution__name="Far Campus")
    browser = office(user)
    assert browser.get("/office/audit/auditentry/").status_code == 403
    assert "/office/audit/auditentry/" not in _menu(browser)
    assert browser.get(f"/office/students/student/{far.pk}/history/").status_code == 200
    assert browser.get(f"/office/students/student/{near.pk}/history/").status_code == 404
    assert browser.get(f"/office/accounts/user/{alice.pk}/history/").status_code in {403, 404}
    assert office(alice).get("/office/audit/auditentry/").status_code == 200


@pytest.mark.parametrize("page", ["find/", "desk/"])
def test_a_nul_in_the_words_is_no_word(office: Office, dave: User, page: str) -> None:
    assert office(dave).get(f"/office/{page}?q=%00ab").status_code == 200


def test_a_new_link_asks_for_custody_only_where_it_may_be_said_of_every_student(
    office: Office, dave: User, erin: User, campus: Campus
) -> None:
    """Which student it will be, the form does not know yet; the service would refuse what was typed."""
    people.some_students(1, section=people.a_school_year(name="Elsewhere").section)
    add = "/office/students/studentguardian/add/"
    assert "restriction_note" in office(erin).get(add).content.decode()
    RolePermission.objects.filter(role__code="registrar", permission="students.view_custody").delete()
    RoleAssignment.objects.create(user=dave, role=Role.objects.get(code="head"), institution=campus.institution)
    assert "restriction_note" not in office(dave).get(add).content.decode()


def test_before_a_role_is_widened_it_says_whose_passwords_end(office: Office, erin: User, dave: User) -> None:
    """Of a login that the registrar let in: she could know its password, and may not do what is added."""
    role = Role.objects.get(code="guardian")
    heir, handed = access.let_in(username="heir", roles=[Wanted("guardian")], by_mail=False, by=dave, details={})
    assert handed is not None
    accounts.redeem_link(token=handed.token, password="a sentence of one of us")
    browser, address = office(erin), f"/office/roles/{role.sourced_id}/"
    ticked = {"name": "Families", "version": role.version, "permission": [*_held(role.code), "access.manage"]}

    said = browser.post(address, ticked)
    assert (said.status_code, "heir" in said.text) == (422, True)
    assert "access.manage" not in _held(role.code)
    heir.refresh_from_db()
    assert heir.has_usable_password()
    assert 'value="Families"' in said.text

    # Another login stood on the page: this one is still to be told of.
    assert browser.post(address, {**ticked, "told": erin.sourced_id}).status_code == 422
    assert browser.post(address, {**ticked, "told": heir.sourced_id}).status_code == 302
    assert "access.manage" in _held(role.code)
    heir.refresh_from_db()
    assert not heir.has_usable_password()


def test_a_role_that_takes_nobodys_password_is_widened_at_once(office: Office, erin: User) -> None:
    role = Role.objects.get(code="teacher")
    ticked = {"name": role.name, "version": role.version, "permission": [*_held(role.code), "audit.view"]}
    assert office(erin).post(f"/office/roles/{role.sourced_id}/", ticked).status_code == 302


# --- where a write leads ----------------------------------------------------------------------------------------------
def _role(name: str, *codes: str) -> Role:
    role = Role.objects.create(code=name, name=name)
    RolePermission.objects.bulk_create(RolePermission(role=role, permission=code) for code in codes)
    return role


def _withdrawn(browser: Any, campus: Campus) -> Any:
    """The page to which withdrawing somebody leads, who is called Zoë."""
    student = people.students_in(campus.section)[0]
    Student.objects.filter(pk=student.pk).update(given_name="Zoë")
    said = {"on": people.SCHOOL_DAY.isoformat(), "exit_kind": "withdrew"}
    return browser.post(f"/office/student/{student.sourced_id}/withdraw/", said, follow=True)


def test_who_writes_and_reads_nothing_of_it_is_told_at_the_start(office: Office, campus: Campus) -> None:
    _role("registry", "students.manage")
    browser = office(people.a_user("adam", role="registry"))
    page = _withdrawn(browser, campus)
    assert (page.status_code, page.redirect_chain[-1]) == (200, (reverse("office:index"), 302))
    assert "Zoë" in page.content.decode()
    # What nothing led to is refused as ever.
    assert browser.get(page.redirect_chain[0][0]).status_code == 403


def test_who_writes_here_and_reads_elsewhere_is_told_at_the_start(office: Office, campus: Campus) -> None:
    elsewhere = people.a_school_year(name="Far Campus", sections=("9 A",), state="planned").institution
    user = people.a_user("adam")
    for role, at in ((_role("registry", "students.manage"), None), (_role("readers", "students.view"), elsewhere)):
        RoleAssignment.objects.create(user=user, role=role, institution=at)
    browser = office(User.objects.get(pk=user.pk))
    page = _withdrawn(browser, campus)
    assert (page.status_code, page.redirect_chain[-1]) == (200, (reverse("office:index"), 302))
    assert "Zoë" in page.content.decode()
    assert browser.get(page.redirect_chain[0][0]).status_code == 404
