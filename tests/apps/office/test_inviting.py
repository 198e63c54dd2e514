"""After an import the secretary invites the new people: she sees who, and who cannot be reached, and presses once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.access.services import invite_many
from apps.accounts.models import User
from apps.exchange import services
from apps.exchange.models import Import
from apps.institutions.models import Institution
from apps.staff.models import StaffMember
from apps.staff.services import STAFF
from tests.factories import people
from tests.factories.jobs import waiting_jobs

Office = Callable[..., Any]
SHEET = b"Staff number,Given name,Family name,E-mail\nT1,Tess,Turing,tess@oak.example\nT2,Tom,Paine,\n"
ADDRESS = "/office/logins/invite/staff/"


@pytest.fixture
def dave(in_oak: Any, school_day: Any, tmp_path: Path, settings: Any) -> User:
    """The registrar of a school that has a year, and nobody in it."""
    settings.MEDIA_ROOT = tmp_path / "media"
    people.a_school_year()
    return people.a_user("dave", role="registrar")


def page(office: Office, user: User, address: str = ADDRESS) -> str:
    answer = office(user).get(address)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_from_the_import_to_the_letters(office: Office, dave: User) -> None:
    office(dave).post("/office/imports/", {"file": SimpleUploadedFile("staff.csv", SHEET), "kind": ""})
    run = services.read_and_validate(run=Import.objects.get())
    services.apply(run=services.confirm(run=run, reading=run.reading, by=dave))
    assert f'<a href="{ADDRESS}">Invite staff without a login</a>' in page(
        office, dave, f"/office/imports/{run.sourced_id}/"
    )
    shown = page(office, dave)
    assert "1 person can be invited" in shown
    assert "Tess Turing" in shown
    assert "They have no e-mail address (1)" in shown
    assert "Tom Paine" in shown
    assert '<option value="teacher" selected>' in shown
    answer = office(dave).post(ADDRESS, {"role": "teacher", "count": "1"}, follow=True)
    assert "Invitations are on their way to " in answer.content.decode()
    (job,) = waiting_jobs("invite_staff")
    assert "Inviting staff" in page(office, dave, "/office/")
    invite_many(STAFF, role=job["role"], by_id=dave.sourced_id)
    shown = page(office, dave)
    assert "0 people can be invited" in shown
    assert "Tess Turing" not in shown
    assert "Look at the invitations" not in shown


def test_some_are_ticked_looked_at_and_invited_each_in_their_role(office: Office, dave: User) -> None:
    campus = Institution.objects.get()
    tess, tom, bo = (
        StaffMember.objects.create(
            institution=campus, staff_number=name, given_name=name, email=f"{name}@oak.example".lower()
        )
        for name in ("Tess", "Tom", "Bo")
    )
    said = {"person": [tess.pk, tom.pk], "role": "teacher", f"role-{tom.pk}": "registrar", "step": "look"}
    shown = office(dave).post(ADDRESS, said).content.decode()
    assert "2 people would be invited" in shown
    assert "the letter “Your login for Oak School”" in shown
    assert waiting_jobs("invite_chosen_staff") == []
    send = {"person": [tess.pk, tom.pk], f"role-{tess.pk}": "teacher", f"role-{tom.pk}": "registrar", "step": "send"}
    page_after = office(dave).post(ADDRESS, send, follow=True).content.decode()
    assert "Invitations are being written this moment" in page_after
    assert "Look at the invitations" not in page_after
    (job,) = waiting_jobs("invite_chosen_staff")
    chosen = {int(pk): role for pk, role in job["roles"].items()}
    assert chosen == {tess.pk: "teacher", tom.pk: "registrar"}
    assert invite_many(STAFF, roles=chosen, by_id=dave.sourced_id) == {"invited": 2, "left_out": 0}
    held = User.objects.filter(username__in=("tess", "tom")).order_by("username")
    assert [user.role_assignments.get().role.code for user in held] == ["teacher", "registrar"]
    bo.refresh_from_db()
    assert bo.user is None


def test_who_cannot_be_invited_is_left_out_with_the_reason(office: Office, dave: User) -> None:
    campus = Institution.objects.get()
    tess = StaffMember.objects.create(institution=campus, staff_number="1", given_name="Tess", email="t@oak.example")
    tom = StaffMember.objects.create(institution=campus, staff_number="2", given_name="Tom", email="")
    said = {"person": [tess.pk, tom.pk], "role": "teacher", f"role-{tess.pk}": "administrator", "step": "look"}
    shown = office(dave).post(ADDRESS, said).content.decode()
    assert "0 people would be invited" in shown
    assert "The role Administrator can do what you cannot" in shown
    assert "Tom cannot be invited: they have a login by now" in shown
    assert "Tick whom to invite first." in office(dave).post(ADDRESS, {"step": "look"}).content.decode()
    sent = office(dave).post(ADDRESS, {**said, "step": "send"})
    assert (sent.status_code, waiting_jobs("invite_chosen_staff")) == (422, [])


def test_roles_of_families_and_beyond_ones_own_are_not_offered_for_staff(office: Office, dave: User) -> None:
    campus = Institution.objects.get()
    StaffMember.objects.create(institution=campus, staff_number="1", given_name="Tess", email="t@oak.example")
    shown = page(office, dave)
    assert '<option value="registrar">' in shown
    for code in ("guardian", "student", "administrator"):
        assert f'<option value="{code}"' not in shown


def test_whoever_joined_since_one_looked_is_not_invited_unseen(office: Office, dave: User) -> None:
    answer = office(dave).post(ADDRESS, {"role": "teacher", "count": "3"})
    assert answer.status_code == 422
    assert "By now 0 people can be invited." in answer.content.decode()
    assert waiting_jobs("invite_staff") == []


def test_a_role_beyond_ones_own_is_refused_beside_the_field(office: Office, dave: User) -> None:
    campus = Institution.objects.get()
    StaffMember.objects.create(institution=campus, staff_number="T1", given_name="Tess", email="tess@oak.example")
    answer = office(dave).post(ADDRESS, {"role": "administrator", "count": "1"})
    assert answer.status_code == 422
    assert "You cannot give the permission" in answer.content.decode()


def test_it_is_shut_to_who_lets_nobody_in(office: Office, dave: User) -> None:
    teacher = people.a_user("tess", role="teacher")
    assert office(teacher).get(ADDRESS).status_code == 403
    assert office(dave).get("/office/logins/invite/students/").status_code == 404
