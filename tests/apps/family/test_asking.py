"""What families ask for: leave with a paper, to be reached otherwise, a calendar; and what the office does with it."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from icalendar import Calendar
from PIL import Image

from apps.accounts.models import User
from apps.accounts.services import log_out_everywhere
from apps.attendance.models import Leave
from apps.attendance.services import approve_leave
from apps.family import services
from apps.family.models import CalendarFeed, ContactRequest
from apps.students.models import FamilyItem, FamilyOpening, Guardian, StudentGuardian
from apps.students.services import merge_students
from schoolops import clock
from schoolops.audit.models import AuditEntry
from tests.apps.family.household import Household
from tests.factories import people
from tests.factories.people import Campus

Visit = Callable[..., Any]
PDF = b"%PDF-1.7 a note"


def _asked(browser: Any, child: Any, **more: Any) -> Any:
    said = {"starts_on": "2026-11-09", "ends_on": "2026-11-10", "reason": "A wedding", **more}
    return browser.post(reverse("family:leave", args=[child.sourced_id]), said)


def test_a_guardian_asks_for_leave_with_a_note_and_the_office_reads_it(
    browser: Visit, carol: User, alice: User, bob: User, child: Any, media: Any
) -> None:
    of_carol = browser(carol)
    answer = _asked(of_carol, child, attachment=SimpleUploadedFile("note.pdf", PDF))
    assert answer.status_code == 303
    leave = Leave.objects.get(student=child)
    assert (leave.reason, leave.state, leave.requested_by) == ("A wedding", "requested", carol)
    page = of_carol.get(answer["Location"]).content.decode()
    assert "Not decided yet" in page
    mine = reverse("family:attachment", args=[child.sourced_id, leave.sourced_id])
    assert of_carol.get(mine).content == PDF
    his = reverse("office:leave-attachment", args=[leave.sourced_id])
    for user, status in ((alice, 200), (bob, 403)):
        assert browser(user).get(his).status_code == status
    answer = browser(alice).get(his)
    assert (answer["Content-Disposition"], answer["Content-Type"]) == ("attachment", "application/pdf")
    assert his in browser(alice).get(f"/office/attendance/leave/{leave.pk}/change/").content.decode()
    father = people.a_guardian("frank", of=[child])
    assert browser(father).get(mine).status_code == 404


def test_a_photo_is_drawn_anew_and_what_is_neither_is_refused_at_its_field(
    browser: Visit, carol: User, child: Any, media: Any
) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(drawn, "PNG")
    tail = drawn.getvalue() + b"<script>alert(1)</script>"
    assert _asked(browser(carol), child, attachment=SimpleUploadedFile("x.html", tail)).status_code == 303
    leave = Leave.objects.get(student=child)
    assert leave.attachment.name.endswith(".png")
    with leave.attachment.open("rb") as file:
        assert b"script" not in file.read()
    odd = SimpleUploadedFile("note.pdf", b"<html>")
    answer = _asked(browser(carol), child, starts_on="2026-12-01", ends_on="", attachment=odd)
    assert answer.status_code == 422
    assert "Send a PDF, or a picture" in answer.content.decode()
    assert Leave.objects.count() == 1


def test_an_absence_that_was_is_explained_by_the_same_form(browser: Visit, carol: User, child: Any) -> None:
    answer = _asked(browser(carol), child, starts_on="2026-11-03", ends_on="")
    assert answer.status_code == 303
    assert str(Leave.objects.get(student=child).ends_on) == "2026-11-03"
    again = _asked(browser(carol), child, starts_on="2026-11-03", ends_on="")
    assert again.status_code == 422
    assert "A wedding" in again.content.decode()


def test_one_takes_back_ones_own_request_while_it_is_undecided(browser: Visit, carol: User, child: Any) -> None:
    _asked(browser(carol), child)
    leave = Leave.objects.get(student=child)
    address = reverse("family:take-back", args=[child.sourced_id, leave.sourced_id])
    father = people.a_guardian("frank", of=[child])
    assert browser(father).post(address).status_code == 404
    assert browser(carol).post(address).status_code == 303
    assert Leave.objects.get(pk=leave.pk).state == "cancelled"


def test_a_correction_of_contacts_waits_for_the_office(browser: Visit, carol: User, dave: User, alice: User) -> None:
    of_carol = browser(carol)
    wanted = {"phone": "+44 20 7946 0000", "email": "carol@home.example"}
    for phone in ("1", wanted["phone"]):
        assert of_carol.post("/family/contact/", {**wanted, "phone": phone}).status_code == 303
    wish = ContactRequest.objects.get()
    assert Guardian.objects.get(user=carol).phone == ""
    assert wanted["phone"] in of_carol.get("/family/contact/").content.decode()
    act = f"/office/family/contactrequest/{wish.pk}/act/accept/"
    assert browser(alice).post(act).status_code == 404
    assert "asks to be reached otherwise" in browser(dave).get("/office/").content.decode()
    assert browser(dave).post(act).status_code == 302
    guardian = Guardian.objects.get(user=carol)
    assert (guardian.phone, guardian.email) == (wanted["phone"], wanted["email"])
    assert ContactRequest.objects.get().state == "accepted"
    assert of_carol.post("/family/contact/", wanted).status_code == 422
    assert of_carol.post("/family/contact/", {**wanted, "phone": "2"}).status_code == 303
    other = ContactRequest.objects.get(state="requested")
    assert browser(dave).post(f"/office/family/contactrequest/{other.pk}/act/refuse/").status_code == 302
    assert Guardian.objects.get(user=carol).phone == wanted["phone"]


def test_a_calendar_is_read_under_a_secret_link_until_it_is_ended(browser: Visit, household: Household) -> None:
    of_mother, page = browser(household.mother), reverse("family:calendar", args=[household.child.sourced_id])
    shown = of_mother.post(page, {"what": "begin"}).content.decode()
    (link,) = re.findall(r"http://oak.localhost(/family/calendars/[\w-]+\.ics)", shown)
    assert link not in of_mother.get(page).content.decode()
    answer = browser().get(link)
    assert answer["Content-Type"].startswith("text/calendar")
    events = Calendar.from_ical(answer.content).walk("VEVENT")
    lesson = next(each for each in events if each["SUMMARY"] == "Chemistry")
    assert (lesson["LOCATION"], lesson.decoded("DTSTART").isoformat()) == ("Lab 2", "2026-11-04T08:00:00+00:00")
    assert len({each["UID"] for each in events}) == len(events)
    secret = link.rpartition("/")[2].removesuffix(".ics")
    assert secret.encode() not in bytes(CalendarFeed.objects.get().digest)
    again = of_mother.post(page, {"what": "begin"}).content.decode()
    assert browser().get(link).status_code == 404
    (link,) = re.findall(r"http://oak.localhost(/family/calendars/[\w-]+\.ics)", again)
    StudentGuardian.objects.filter(guardian__user=household.mother).update(restriction_note="Court order")
    assert browser().get(link).status_code == 404
    StudentGuardian.objects.filter(guardian__user=household.mother).update(restriction_note="")
    assert browser().get(link).status_code == 200
    of_mother.post(page, {"what": "end"})
    assert browser().get(link).status_code == 404


def test_a_calendars_link_ends_with_the_logins_of_whose_it_is(browser: Visit, carol: User, child: Any) -> None:
    with clock.frozen(clock.now() - dt.timedelta(minutes=1)):
        link = reverse("family:feed", args=[services.begin_feed(student=child.sourced_id, by=carol)])
    assert browser().get(link).status_code == 200
    log_out_everywhere(by=carol)
    assert browser().get(link).status_code == 404
    page = reverse("family:calendar", args=[child.sourced_id])
    assert 'value="end"' not in browser(User.objects.get(pk=carol.pk)).get(page).content.decode()


def test_a_calendars_link_follows_a_child_whose_records_become_one(
    browser: Visit, carol: User, child: Any, campus: Campus, dave: User
) -> None:
    link = reverse("family:feed", args=[services.begin_feed(student=child.sourced_id, by=carol)])
    kept = people.some_students(1, section=campus.sections["7 C"])[0]
    StudentGuardian.objects.create(student=kept, guardian=Guardian.objects.get(user=carol), contact_priority=1)
    merge_students(keep=kept, duplicate=child, by=dave)
    assert browser().get(link).status_code == 200


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_leave_at_either_end_of_all_calendars_is_asked_for_and_decided(
    browser: Visit, carol: User, dave: User, child: Any, day: str
) -> None:
    assert _asked(browser(carol), child, starts_on=day, ends_on="").status_code == 303
    approve_leave(leave=Leave.objects.get(student=child).sourced_id, by=dave)
    assert browser(carol).get(reverse("family:leave", args=[child.sourced_id])).status_code == 200


def test_the_family_reads_who_looked(browser: Visit, household: Household, alice: User) -> None:
    address = reverse("family:looked", args=[household.child.sourced_id])
    assert "Opened the child’s page" not in browser(household.mother).get(address).content.decode()
    for _time in range(2):
        browser(alice).get(f"/office/student/{household.child.sourced_id}/")
    browser(alice).get(
        "/office/lists/class.pdf", {"sections": str(household.child.memberships.get().section.sourced_id)}
    )
    page = browser(household.mother).get(address).content.decode()
    assert page.count("Opened the child’s page") == 1
    assert page.count("Printed a list of the section") == 1
    assert "Alice" in page


def test_the_office_closes_an_item_of_a_level_on_pages_and_in_the_api(
    browser: Visit, campus: Campus, carol: User, alice: User, dave: User, child: Any, client_for: Any, in_oak: Any
) -> None:
    from tests.factories.talking import Talk  # noqa: PLC0415

    level = campus.levels[7]
    page = browser(alice).get("/office/families/").content.decode()
    assert f'name="{level.pk}-marks" checked' in page
    closed = {"marks", "attendance", "bills"}
    open_items = {f"{level.pk}-{item}": "on" for item in FamilyItem.values if item not in closed}
    assert browser(dave).post("/office/families/", open_items).status_code == 403
    assert browser(alice).post("/office/families/", open_items).status_code == 302
    assert set(FamilyOpening.objects.get(grade_level=level).closed) == closed
    assert AuditEntry.objects.filter(action="family.opened").count() == 1
    talk, office = Talk(client_for(in_oak), carol), Talk(client_for(in_oak), alice)
    for path in ("marks", "results", "attendance", "invoices", "receipts", "attendance-summary"):
        assert talk.get(f"students/{child.sourced_id}/{path}").status_code == 404, path
    for path in ("exams", "report-cards"):
        assert talk.get(f"students/{child.sourced_id}/{path}").status_code == 200, path
    assert office.get(f"students/{child.sourced_id}/marks").status_code == 200
    assert office.get(f"students/{child.sourced_id}/attendance").status_code == 200
    assert browser(carol).get(reverse("family:marks", args=[child.sourced_id])).status_code == 404


def _link(browser: Any, guardian: Guardian) -> str:
    shown = browser.post(f"/office/students/guardian/{guardian.pk}/act/see-as/").content.decode()
    (link,) = re.findall(r'href="(/family/as/[^"]+)"', shown)
    return str(link)


def test_the_office_looks_as_a_guardian_and_changes_nothing(
    browser: Visit, household: Household, alice: User, dave: User, erin: User
) -> None:
    guardian = Guardian.objects.get(user=household.mother)
    of_head = browser(alice)
    link = _link(of_head, guardian)
    assert of_head.get(link)["Location"] == "/family/"
    home = of_head.get("/family/").content.decode()
    assert household.sibling.full_name in home
    assert "and change nothing" in home
    child = household.child
    assert of_head.get(reverse("family:bills", args=[child.sourced_id])).status_code == 200
    for name in ("leave", "calendar"):
        assert of_head.post(reverse(f"family:{name}", args=[child.sourced_id]), {"what": "begin"}).status_code == 403
    assert not CalendarFeed.objects.exists()
    entry = AuditEntry.objects.get(action="family.seen-as", object_id=str(child.sourced_id))
    assert entry.actor_name == "Alice"
    assert browser(erin).get(link).status_code == 404
    assert browser(household.mother).get(link).status_code == 404
    of_registrar = browser(dave)
    of_registrar.get(_link(of_registrar, guardian))
    assert of_registrar.get(reverse("family:attendance", args=[child.sourced_id])).status_code == 200
    assert of_registrar.get(reverse("family:bills", args=[child.sourced_id])).status_code == 404
    assert of_head.post("/family/as/end/").status_code == 303
    assert of_head.get("/family/").status_code == 404


def test_nobody_looks_as_staff_or_as_whom_has_no_login(browser: Visit, carol: User, bob: User, alice: User) -> None:
    guardian = Guardian.objects.get(user=carol)
    for user in (None, bob):
        Guardian.objects.filter(pk=guardian.pk).update(user=user)
        shown = browser(alice).post(f"/office/students/guardian/{guardian.pk}/act/see-as/").content.decode()
        assert "/family/as/" not in shown
