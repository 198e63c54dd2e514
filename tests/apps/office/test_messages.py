"""Messages in the office: what is sent, holding it, announcements and who has read them, templates and rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.accounts.models import User
from apps.notifications import services
from apps.notifications.models import Announcement, Channel, Message, MessageTemplate, Outgoing, Rule
from apps.notifications.selectors import Audience, inbox_of
from apps.students.models import Student
from tests.factories import people
from tests.factories.people import Campus
from tests.factories.told import a_guardian, deliver

Office = Callable[..., Any]
HERE, RULES = "/office/messages/", "/office/messages/rules/"
WRITE = "/office/announcements/write/"
TEMPLATE = "/office/messages/say/attendance.absent/email/en-gb/"


def _page(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.fixture
def class_of(campus: Campus, carol: User) -> list[Student]:
    """Carol's child is the first; the second has a guardian with an address and a telephone."""
    found = people.students_in(campus.section)
    a_guardian("Frank", found[1], phone="+442079460001")
    return found


def _said(campus: Campus, **more: Any) -> dict[str, Any]:
    return {
        "title": "Trip <b>", "text": "On Friday.\nBring O'Brien.", "targets": f"section:{campus.section.sourced_id}",
        "to": ["guardians"], "channels": ["email", "sms"], "acknowledge": "on", **more,
    }  # fmt: skip


@pytest.mark.usefixtures("class_of")
def test_an_announcement_is_looked_at_sent_read_and_reminded_of(
    office: Office, campus: Campus, alice: User, carol: User
) -> None:
    browser = office(alice)
    looked = _page(browser.post(WRITE, _said(campus, act="look")))
    assert "Whom it reaches" in looked
    assert not Announcement.objects.exists()
    answer = browser.post(WRITE, _said(campus, act="send"))
    made = Announcement.objects.get()
    assert answer.headers["Location"] == f"/office/announcements/{made.sourced_id}/"
    services.publish(made.pk)
    deliver()
    assert [each.to for each in mail.outbox] == [["frank@example.org"]]
    assert mail.outbox[0].subject == "Trip <b>"
    notice = inbox_of(carol).get()
    services.acknowledge(message=notice.sourced_id, by=carol)
    shown = _page(browser.get(answer.headers["Location"]))
    assert "Carol" in shown
    assert "Trip &lt;b&gt;" in shown
    browser.post(answer.headers["Location"], {"act": "remind"})
    deliver()
    assert [each.to for each in mail.outbox] == [["frank@example.org"]] * 2
    assert mail.outbox[1].subject == "Please read: Trip <b>"
    browser.post(answer.headers["Location"], {"act": "withdraw"})
    assert not inbox_of(carol).exists()
    assert "Withdrawn" in _page(browser.get("/office/announcements/"))


@pytest.mark.usefixtures("class_of")
def test_a_file_that_was_not_sent_yet_has_to_be_chosen_again_and_the_page_says_so(
    office: Office, campus: Campus, alice: User
) -> None:
    paper = SimpleUploadedFile("menu.pdf", b"%PDF-1.7")
    assert "Choose the file once more" in _page(office(alice).post(WRITE, _said(campus, act="look", attachment=paper)))
    assert "Choose the file once more" not in _page(office(alice).post(WRITE, _said(campus, act="look")))


def test_a_preview_counts_whom_each_channel_reaches(campus: Campus, class_of: list[Student], alice: User) -> None:
    found = services.preview(
        title="Trip", audience=Audience("section", [str(campus.section.sourced_id)], ["guardians", "students"]),
        channels=["email", "sms"], by=alice,
    )  # fmt: skip
    assert (found.recipients, found.by_channel, found.parts) == (2, {"in-app": 2, "email": 1, "sms": 1}, 1)
    assert class_of


def test_a_teacher_writes_to_their_own_and_sees_their_own(
    office: Office, campus: Campus, class_of: list[Student], alice: User, bob: User
) -> None:
    browser = office(bob)
    choices = _page(browser.get(WRITE))
    assert f"section:{campus.section.sourced_id}" in choices
    assert f"section:{campus.sections['7 C'].sourced_id}" not in choices
    assert "Whole school" not in choices
    stolen = _said(campus, act="send", targets=f"section:{campus.sections['7 C'].sourced_id}")
    assert browser.post(WRITE, stolen).status_code == 422
    services.announce(title="Of the head", text="x", audience=Audience("school"), by=alice)
    assert "Of the head" not in _page(browser.get("/office/announcements/"))
    assert class_of


@pytest.mark.usefixtures("class_of")
def test_everything_is_held_shown_and_discarded(office: Office, campus: Campus, alice: User, dave: User) -> None:
    browser = office(alice)
    assert browser.post(HERE, {"act": "hold", "reason": ""}).status_code == 422
    assert browser.post(HERE, {"act": "hold", "reason": "Rehearsal"}).status_code == 302
    made = services.announce(title="Trip", text="x", audience=Audience("school"), by=alice)
    services.publish(made.pk)
    deliver()
    assert mail.outbox == []
    assert "Rehearsal" in _page(browser.get(HERE))
    assert "Everything outgoing is held" in _page(browser.get("/office/"))
    # Who only sees what is sent holds nothing and releases nothing.
    assert office(dave).post(HERE, {"act": "release"}).status_code == 403
    browser.post(HERE, {"act": "discard"})
    assert set(Message.objects.values_list("reason", flat=True)) == {"discarded"}
    assert browser.post(HERE, {"act": "release"}).status_code == 409


@pytest.mark.usefixtures("class_of")
def test_what_is_in_doubt_is_decided_there(office: Office, alice: User) -> None:
    made = services.announce(title="Trip", text="x", audience=Audience("school"), by=alice)
    services.publish(made.pk)
    Message.objects.filter(channel=Channel.EMAIL).update(state="outcome_unknown")
    doubted = Message.objects.filter(channel=Channel.EMAIL).first()
    assert doubted is not None
    browser = office(alice)
    assert "in doubt" in _page(browser.get("/office/"))
    assert str(doubted.sourced_id) in _page(browser.get(f"{HERE}?state=outcome_unknown"))
    browser.post(HERE, {"act": "sent", "message": str(doubted.sourced_id)})
    doubted.refresh_from_db()
    assert doubted.state == "sent"
    assert browser.post(HERE, {"act": "sent", "message": str(doubted.sourced_id)}).status_code == 409


def test_a_template_is_looked_at_with_a_real_child_and_saved(
    office: Office, class_of: list[Student], alice: User
) -> None:
    browser = office(alice)
    assert "Absent today: {children}" in _page(browser.get(TEMPLATE))
    said = {"subject": "Where is {children}?", "text": "Dear {name},\n{day}", "child": class_of[0].admission_number}
    looked = _page(browser.post(TEMPLATE, {**said, "act": "look"}))
    assert f"Where is {class_of[0].full_name}?" in looked
    assert not MessageTemplate.objects.exists()
    refused = browser.post(TEMPLATE, {**said, "text": "{amount}", "act": "save"})
    assert refused.status_code == 422
    assert "amount" in _page(refused)
    browser.post(TEMPLATE, {**said, "act": "save"})
    assert MessageTemplate.objects.get().subject == "Where is {children}?"
    browser.post(TEMPLATE, {"act": "reset"})
    assert not MessageTemplate.objects.exists()


def test_hours_limits_and_rules_are_the_heads(office: Office, campus: Campus, alice: User, dave: User) -> None:
    browser = office(alice)
    said = {
        "quiet_from": "21:00", "quiet_until": "06:30", "window_minutes": "15", "emails_a_day": "0",
        "texts_a_day": "10", "absences": "4", "absences_in_days": "14",
    }  # fmt: skip
    assert browser.post(RULES, said).status_code == 302
    assert Outgoing.objects.get().texts_a_day == 10
    rule = {"fact": "attendance.absent", "channel": "sms", "level": str(campus.section.grade_level.sourced_id)}
    assert browser.post(RULES, {**rule, "sends": "yes"}).status_code == 302
    assert Rule.objects.get().sends
    assert browser.post(RULES, {**rule, "sends": ""}).status_code == 302
    assert not Rule.objects.exists()
    assert browser.post(RULES, {**said, "absences_in_days": "0"}).status_code == 422
    assert office(dave).get(RULES).status_code == 403


def test_students_are_picked_by_name_one_search_after_the_other(
    office: Office, campus: Campus, alice: User, class_of: list[Student]
) -> None:
    browser, (first, second, *_) = office(alice), class_of
    said = _said(campus, targets="students", act="find", find=second.admission_number)
    found = _page(browser.post(WRITE, said))
    assert str(second.sourced_id) in found
    assert str(first.sourced_id) not in found
    assert "errorlist" not in found
    said |= {"picked": [str(second.sourced_id)], "find": first.full_name}
    found = _page(browser.post(WRITE, said))
    assert f'value="{first.sourced_id}"' in found
    assert found.count("checked") >= 1
    browser.post(WRITE, said | {"act": "send", "find": ""})
    made = Announcement.objects.get()
    assert (made.kind, made.targets) == ("students", [str(second.sourced_id)])


def test_nobody_picks_students_out_of_their_reach(office: Office, campus: Campus, bob: User, alice: User) -> None:
    elsewhere = people.some_students(1, section=people.another_section(campus, "7 D"))[0]
    said = _said(
        campus, targets="students", act="find", find=elsewhere.admission_number, picked=[str(elsewhere.sourced_id)]
    )
    assert str(elsewhere.sourced_id) in _page(office(alice).post(WRITE, said))
    assert str(elsewhere.sourced_id) not in _page(office(bob).post(WRITE, said))
    assert office(bob).post(WRITE, said | {"act": "send"}).status_code == 422
    assert not Announcement.objects.exists()


def test_picking_nobody_is_said_on_the_form(office: Office, campus: Campus, alice: User) -> None:
    assert office(alice).post(WRITE, _said(campus, targets="students", act="send")).status_code == 422


@pytest.mark.usefixtures("class_of", "media")
def test_a_file_is_attached_as_it_is_sent_and_one_that_is_refused_sends_nothing(
    office: Office, campus: Campus, alice: User
) -> None:
    browser = office(alice)
    assert 'name="attachment"' in _page(browser.post(WRITE, _said(campus, act="look")))
    odd = SimpleUploadedFile("menu.pdf", b"<html>")
    assert browser.post(WRITE, _said(campus, act="send", attachment=odd)).status_code == 422
    assert not Announcement.objects.exists()
    paper = SimpleUploadedFile("menu.pdf", b"%PDF-1.7")
    made = browser.post(WRITE, _said(campus, act="send", attachment=paper)).headers["Location"]
    assert f"{made}attachment" in _page(browser.get(made))
    assert browser.get(f"{made}attachment").content == b"%PDF-1.7"


def test_a_rule_for_a_fact_that_is_none_is_refused_above_the_hours(office: Office, erin: User, campus: Campus) -> None:
    answer = office(erin).post(RULES, {"fact": "nothing", "channel": "sms", "level": "", "sends": "yes"})
    assert answer.status_code == 422
    assert answer.context["form"].non_field_errors()
