"""What the office does with messages by the API: holds them, says what became of them, words them, attaches files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.db import connection

from apps.access.errors import OutOfReach
from apps.access.models import Role
from apps.accounts.models import User
from apps.notifications import services
from apps.notifications.models import Announcement, Channel, Message, MessageTemplate
from apps.notifications.selectors import Audience
from apps.staff.models import TeachingAssignment
from apps.students.models import Guardian, Student
from schoolops import clock
from tests.factories.people import Campus, a_school_year, a_user
from tests.factories.told import deliver, states

WORDED = "message-templates/attendance.absent/email/en-gb"


def _told(by: User, child: Student, **more: Any) -> Announcement:
    audience = Audience("students", [str(child.sourced_id)])
    made = services.announce(title="Trip", text="On Friday.", audience=audience, by=by, **more)
    services.publish(made.pk)
    return made


def _code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_everything_is_held_with_a_reason_and_released_or_discarded(
    campus: Campus, child: Student, mona: Guardian, alice: User, dave: User, at_oak: Any
) -> None:
    office = at_oak(alice)
    assert _code(office.post("outgoing/release")) == (409, "notifications:nothing-held")
    assert office.post("outgoing/hold", {}).status_code == 422
    assert office.post("outgoing/hold", {"reason": "Rehearsal"}).json()["held_reason"] == "Rehearsal"
    assert _code(office.post("outgoing/hold", {"reason": "Again"})) == (409, "notifications:held-already")
    _told(alice, child)
    deliver()
    assert mail.outbox == []
    # A registrar sees how it stands, and changes nothing of it.
    assert at_oak(dave).get("outgoing").json()["waiting"] == {"email": 1, "sms": 0, "in-app": 1}
    assert at_oak(dave).post("outgoing/release").status_code == 403
    assert office.post("outgoing/release").json() == {"messages": 2}
    deliver()
    assert len(mail.outbox) == 1
    office.post("outgoing/hold", {"reason": "Wrong list"})
    _told(alice, child)
    assert office.post("outgoing/discard").json() == {"messages": 2}
    deliver()
    assert len(mail.outbox) == 1


def test_who_sets_up_and_sees_no_messages_is_answered_what_they_did(
    campus: Campus, child: Student, mona: Guardian, alice: User, at_oak: Any
) -> None:
    role = Role.objects.create(code="caretaker", name="Caretaker", scope="everything")
    role.permissions.create(permission="messages.configure")
    office, made = at_oak(a_user("erin", role="caretaker")), _told(alice, child)
    assert office("PATCH", "outgoing", {"quiet_from": "21:30"}).json()["quiet_from"] == "21:30:00"
    held = office.post("outgoing/hold", {"reason": "Rehearsal"})
    assert (held.status_code, held.json()["held_reason"]) == (200, "Rehearsal")
    assert held.json()["waiting"] == {"email": 1, "sms": 0, "in-app": 1}
    doubted = Message.objects.get(announcement=made, channel=Channel.EMAIL)
    Message.objects.filter(pk=doubted.pk).update(state="outcome_unknown")
    resolved = office.post(f"messages/{doubted.sourced_id}/resolve", {"sent": True})
    assert (resolved.status_code, resolved.json()["state"]) == (200, "sent")
    assert [office.get(each).status_code for each in ("outgoing", "messages")] == [403, 403]


def test_hours_and_limits_are_changed_one_by_one_and_bounded(campus: Campus, alice: User, at_oak: Any) -> None:
    office = at_oak(alice)
    assert office("PATCH", "outgoing", {"quiet_from": "21:30"}).json()["quiet_from"] == "21:30:00"
    assert office("PATCH", "outgoing", {"absences_in_days": 0}).status_code == 422
    found = office.get("outgoing").json()
    assert (found["quiet_from"], found["texts_a_day"], found["held_at"]) == ("21:30:00", 500, None)


def test_what_is_in_doubt_is_said_to_be_sent_or_sent_again_once(
    campus: Campus, child: Student, mona: Guardian, alice: User, at_oak: Any
) -> None:
    office, made = at_oak(alice), _told(alice, child)
    doubted = Message.objects.get(announcement=made, channel=Channel.EMAIL)
    Message.objects.filter(pk=doubted.pk).update(state="outcome_unknown")
    assert office.get("outgoing").json()["unknown"] == 1
    assert office.get("messages?state=outcome_unknown").json()["results"][0]["id"] == str(doubted.sourced_id)
    address = f"messages/{doubted.sourced_id}/resolve"
    assert office.post(address, {"sent": False}).json()["state"] == "queued"
    assert _code(office.post(address, {"sent": True})) == (409, "notifications:outcome-known")
    deliver()
    assert len(mail.outbox) == 1


def test_an_address_that_bounced_is_listed_until_it_is_cleared_for_all_that_came_back(
    campus: Campus, child: Student, mona: Guardian, alice: User, at_oak: Any
) -> None:
    office, made = at_oak(alice), [_told(alice, child), _told(alice, child)]
    rows = Message.objects.filter(announcement__in=made, channel=Channel.EMAIL)
    rows.update(state="bounced", bounced_at=clock.now(), address=mona.email, answer="550 no such user")
    listed = office.get("bounced-addresses").json()["results"]
    assert [(each["address"], each["answer"]) for each in listed] == [(mona.email, "550 no such user")] * 2
    third = _told(alice, child)
    deliver()
    assert states(announcement=third, channel="email") == [("suppressed", "address-bounced")]
    assert office("DELETE", f"bounced-addresses/{listed[0]['id']}").status_code == 204
    assert office.get("bounced-addresses").json()["results"] == []
    assert _code(office("DELETE", f"bounced-addresses/{listed[0]['id']}")) == (404, "notifications:message-unknown")


def test_who_clears_an_address_at_one_campus_clears_it_for_the_school_that_it_is_barred_for(
    campus: Campus, child: Student, mona: Guardian, alice: User
) -> None:
    here = a_user("hana", role="administrator", institution=campus.institution)
    there = a_school_year(name="South").institution
    rows = Message.objects.filter(announcement__in=[_told(alice, child), _told(alice, child)], channel=Channel.EMAIL)
    rows.update(state="bounced", bounced_at=clock.now(), address=mona.email)
    Message.objects.filter(pk=rows.order_by("pk")[0].pk).update(institution=there)
    assert services.clear_address(address=mona.email, by=here) == 2
    again = _told(alice, child)
    deliver()
    assert states(announcement=again, channel="email") == [("sent", "")]


def test_a_rule_is_said_for_all_or_a_level_taken_back_and_refused_for_what_is_always_sent(
    campus: Campus, alice: User, at_oak: Any
) -> None:
    office, level = at_oak(alice), str(campus.levels[7].sourced_id)
    facts = {each["fact"]: each for each in office.get("message-facts").json()["facts"]}
    assert facts["attendance.absent"]["channels"] == ["email", "in-app"]
    assert "children" in facts["attendance.absent"]["placeholders"]
    said = {"fact": "attendance.absent", "channel": "sms", "sends": True}
    assert office("PUT", "message-rules", {**said, "grade_level_id": level}).json()["grade_level_id"] == level
    office("PUT", "message-rules", said)
    assert [each["grade_level_id"] for each in office.get("message-rules").json()["results"]] == [level, None]
    office("PUT", "message-rules", {**said, "sends": None})
    assert [each["grade_level_id"] for each in office.get("message-rules").json()["results"]] == [level]
    assert _code(office("PUT", "message-rules", {**said, "fact": "no.such"})) == (404, "notifications:fact-unknown")
    critical = [code for code, each in facts.items() if each["critical"]]
    for code in critical:
        assert _code(office("PUT", "message-rules", {**said, "fact": code})) == (409, "notifications:always-sent")


def test_a_fact_is_worded_looked_at_with_a_real_child_and_as_the_release_words_it(
    campus: Campus, child: Student, mona: Guardian, alice: User, at_oak: Any
) -> None:
    office = at_oak(alice)
    release = office.get(WORDED).json()
    assert release["own"] is False
    said = {"subject": "Where is {children}?", "text": "Dear {name}"}
    shown = office.post(f"{WORDED}/preview", {**said, "student_id": str(child.sourced_id)}).json()
    assert shown == {"subject": f"Where is {child.full_name}?", "text": f"Dear {mona.full_name}"}
    assert not MessageTemplate.objects.exists()
    assert office("PUT", WORDED, said).json() == {**said, "own": True}
    assert _code(office("PUT", WORDED, {"text": "{password}"})) == (422, "notifications:placeholders-unknown")
    assert office("DELETE", WORDED).status_code == 204
    assert office.get(WORDED).json() == release
    for what, code in (
        ("no.such/email/en-gb", "fact-unknown"),
        ("attendance.absent/pigeon/en-gb", "fact-unknown"),
        ("attendance.absent/email/xx", "language-unknown"),
    ):
        for answer in (office.get(f"message-templates/{what}"), office("DELETE", f"message-templates/{what}")):
            assert _code(answer)[1] == f"notifications:{code}"


@pytest.mark.usefixtures("media")
def test_a_file_goes_with_what_is_not_published_yet_and_is_read_in_the_inbox(
    campus: Campus, alice: User, bob: User, carol: User, at_oak: Any, later: Any
) -> None:
    office, moment = at_oak(alice), clock.now() + dt.timedelta(minutes=5)
    said = {"title": "Trip", "text": "On Friday.", "kind": "school", "publish_at": moment.isoformat()}
    made = office.post("announcements", said).json()
    assert made["attachment_name"] == ""
    address = f"announcements/{made['id']}/attachment"
    sent = office("PUT", f"{address}?name=menu.exe", b"%PDF-1.7 menu")
    assert sent.json() == {"attachment_name": "menu.pdf"}
    assert office.get(address).content == b"%PDF-1.7 menu"
    assert office("PUT", address, b"<html>").json()["code"] == "notifications:attachment-refused"
    assert at_oak(bob).get(address).status_code == 404
    assert office("DELETE", address).status_code == 204
    assert office.get(address).status_code == 404
    office("PUT", address, b"%PDF-1.7 again")
    later(minutes=6)
    found = Announcement.objects.get(sourced_id=made["id"])
    services.publish(found.pk)
    deliver()
    assert _code(office("PUT", address, b"%PDF-1.7")) == (
        409, "notifications:announcement-published",
    )  # fmt: skip
    assert _code(office("DELETE", address)) == (409, "notifications:announcement-published")
    (notice,) = at_oak(carol).get("inbox").json()["results"]
    assert notice["attachment_name"] == "attachment.pdf"
    file = at_oak(carol).get(f"inbox/{notice['id']}/attachment")
    assert (file.content, file["Content-Disposition"]) == (b"%PDF-1.7 again", "attachment")
    assert at_oak(bob).get(f"inbox/{notice['id']}/attachment").status_code == 404


def test_who_teaches_a_section_no_more_sets_no_file_for_its_families(
    campus: Campus, bob: User, at_oak: Any, media: Any
) -> None:
    section, moment = str(campus.section.sourced_id), clock.now() + dt.timedelta(minutes=5)
    said = {"title": "Trip", "text": "On Friday.", "kind": "section", "targets": [section]}
    made = at_oak(bob).post("announcements", {**said, "publish_at": moment.isoformat()}).json()
    found = Announcement.objects.get(sourced_id=made["id"])
    file = services.Paper(b"%PDF-1.7 menu", "menu.pdf")
    services.attach_to_announcement(announcement=found.sourced_id, paper=file, by=bob)
    TeachingAssignment.objects.filter(staff__user=bob).delete()
    with pytest.raises(OutOfReach):
        services.attach_to_announcement(announcement=found.sourced_id, paper=file, by=bob)
    # What is theirs they may take back all the same.
    services.detach_from_announcement(announcement=found.sourced_id, by=bob)


@pytest.mark.parametrize("written", [str.upper, lambda said: said.replace("-", ""), lambda said: f"urn:uuid:{said}"])
@pytest.mark.parametrize("stored_before", [False, True])
def test_an_announcement_is_read_however_the_ids_of_whom_it_is_for_were_written(
    campus: Campus, alice: User, carol: User, at_oak: Any, written: Callable[[str], str], stored_before: bool
) -> None:
    section = str(campus.section.sourced_id)
    said = {"title": "Trip", "text": "On Friday.", "kind": "section", "targets": [written(section)]}
    made = at_oak(alice).post("announcements", said).json()
    if stored_before:
        Announcement.objects.filter(sourced_id=made["id"]).update(targets=[written(section)])
        to_everybody = services.announce(title="Staff", text="At 3.", audience=Audience("role", ["teacher"]), by=alice)
        mend = import_module("apps.notifications.migrations.0003_targets_in_one_form").in_one_form
        mend(apps, connection.schema_editor())
        to_everybody.refresh_from_db()
        assert to_everybody.targets == ["teacher"]
    found = Announcement.objects.get(sourced_id=made["id"])
    assert found.targets == [section]
    services.publish(found.pk)
    deliver()
    assert [each["subject"] for each in at_oak(carol).get("inbox").json()["results"]] == ["Trip"]
