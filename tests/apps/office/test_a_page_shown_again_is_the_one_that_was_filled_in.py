"""What another did meanwhile is not undone by a page that comes back for some other reason, such as a slip."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.access.models import Role, RolePermission
from apps.access.services import set_permissions
from apps.accounts.models import User
from apps.attendance.models import AttendanceRecord
from apps.examinations import services as exams_services
from apps.examinations.models import Exam
from tests.apps.office.forms import Form, forms_on
from tests.factories import exams, people, rolls
from tests.factories.people import SCHOOL_DAY, Campus

Office = Callable[..., Any]


def _form(page: Any, field: str = "version") -> Form:
    return next(form for form in forms_on(page.content.decode()) if field in form.kinds)


def _sent(form: Form, **more: Any) -> dict[str, Any]:
    plain = {name: said if len(said) != 1 else said[0] for name, said in form.said.items()}
    return {name: "" if said == "on" else said for name, said in plain.items()} | more


def test_a_paper_whose_form_had_a_slip_does_not_lose_what_another_set(
    office: Office, alice: User, campus: Campus
) -> None:
    paper = exams.a_paper(exams.an_exam_session(campus, by=alice), campus.section, exams.a_course(campus), by=alice)
    browser, address = office(alice), f"/office/exams/papers/{paper.sourced_id}/"
    form = _form(browser.get(address), "room")
    exams_services.change_paper(paper=paper.sourced_id, values={"room": "Hall"}, expected_version=None, by=alice)
    slip = browser.post(address, _sent(form, max_marks="many"))
    assert slip.status_code == 422
    mended = _sent(_form(slip, "room"), max_marks="50")
    refused = browser.post(address, mended)
    assert refused.status_code == 422
    assert "This paper has changed since you read it" in refused.content.decode()
    assert Exam.objects.get().room == "Hall"
    # Told of it, and saved again: that is meant.
    assert browser.post(address, _sent(_form(refused, "room"))).status_code == 302


def test_a_role_whose_name_is_too_long_does_not_get_back_what_another_took(office: Office, erin: User) -> None:
    role = Role.objects.get(code="registrar")
    held = set(RolePermission.objects.filter(role=role).values_list("permission", flat=True))
    browser, address = office(erin), f"/office/roles/{role.sourced_id}/"
    form = _form(browser.get(address))
    set_permissions(role=role, permissions=held - {"students.manage"}, expected_version=None, by=erin)
    slip = browser.post(address, {**_sent(form), "name": "x" * 200})
    assert slip.status_code == 422
    refused = browser.post(address, {**_sent(_form(slip)), "name": role.name})
    assert refused.status_code == 422
    assert not RolePermission.objects.filter(role=role, permission="students.manage").exists()


@pytest.mark.parametrize("page", ["/office/rolls/section/{}/{}/", "/roll/section/{}/{}/"])
def test_a_roll_with_a_time_that_is_none_keeps_what_another_marked(
    office: Office, alice: User, bob: User, campus: Campus, page: str
) -> None:
    one, two = people.students_in(campus.section)[:2]
    browser, address = office(bob), page.format(campus.section.sourced_id, SCHOOL_DAY)
    form = _form(browser.get(address))
    everybody = {"student": form.said["student"]}
    rolls.take(campus.section, {one: "A"}, by=alice)
    codes = {f"code-{each.sourced_id}": "P" for each in people.students_in(campus.section)}
    codes[f"code-{two.sourced_id}"] = "L"
    slip = browser.post(address, _sent(form, **everybody, **codes, **{f"arrived-{two.sourced_id}": "half past"}))
    assert slip.status_code == 422
    again = _sent(_form(slip), **everybody, **codes, **{f"arrived-{two.sourced_id}": "09:05"})
    refused = browser.post(address, again)
    assert refused.status_code == 409
    assert "Alice" in refused.content.decode()
    assert AttendanceRecord.objects.get(student=one).teacher_code.code == "A"
