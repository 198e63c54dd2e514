"""Messages on the family's pages: read by opening them, confirmed by a button, and how somebody wants to be told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.urls import reverse

from apps.access.models import Role, RoleAssignment
from apps.accounts.models import User
from apps.institutions.models import Institution
from apps.notifications import services
from apps.notifications.errors import AttachmentRefused
from apps.notifications.models import Announcement, Message, Preference
from apps.notifications.selectors import Audience, inbox_of
from apps.students.models import Guardian, SectionMembership, StudentGuardian
from schoolops import clock
from tests.factories import people
from tests.factories.people import SCHOOL_DAY, Campus
from tests.factories.talking import Talk
from tests.factories.told import a_guardian, deliver

Visit = Callable[..., Any]


def _told(guardian: Guardian, student: Any, announcement: Announcement | None = None) -> Message:
    return Message.objects.create(
        fact="announcement" if announcement else "absence", key=f"{student.pk}", channel="in-app", state="delivered",
        guardian=guardian, student=student, announcement=announcement, subject="O’Brien <x>", text="Line one\nLine two",
        due_at=clock.now(), made_at=clock.now(), handed_at=clock.now(), institution=student.institution,
    )  # fmt: skip


def test_a_message_is_read_by_opening_it_and_confirmed_by_a_button(browser: Visit, carol: User, child: Any) -> None:
    asked = Announcement.objects.create(
        title="Trip", text="On Friday", kind="school", to=["guardians"], acknowledge=True, publish_at=clock.now(),
        written_at=clock.now(),
    )  # fmt: skip
    message, of_carol = _told(Guardian.objects.get(user=carol), child, asked), browser(carol)
    assert "1 new" in of_carol.get("/family/").content.decode()
    assert "To be confirmed" in of_carol.get("/family/messages/").content.decode()
    address = reverse("family:notice", args=[message.sourced_id])
    page = of_carol.get(address).content.decode()
    assert "O’Brien &lt;x&gt;" in page
    assert "Line one<br>Line two" in page
    assert "1 new" not in of_carol.get("/family/").content.decode()
    assert of_carol.post(address).status_code == 303
    assert Message.objects.get(pk=message.pk).acknowledged_at is not None
    assert "I have read this" not in of_carol.get(address).content.decode()
    other = people.a_guardian("frank", of=[child])
    assert browser(other).get(address).status_code == 404
    assert browser(other).post(address).status_code == 404
    StudentGuardian.objects.filter(guardian__user=carol).update(restriction_note="Court order")
    assert of_carol.get(address).status_code == 404


def test_somebody_who_looks_as_a_guardian_reads_nothing_for_them(
    browser: Visit, carol: User, alice: User, child: Any
) -> None:
    from tests.apps.family.test_asking import _link  # noqa: PLC0415

    guardian = Guardian.objects.get(user=carol)
    message, of_head = _told(guardian, child), browser(alice)
    of_head.get(_link(of_head, guardian))
    assert of_head.get(reverse("family:notice", args=[message.sourced_id])).status_code == 200
    assert Message.objects.get(pk=message.pk).read_at is None


@pytest.mark.parametrize(
    ("fact", "status"),
    [
        ("attendance.absent", 200),
        ("exams.results", 200),
        ("announcement", 200),
        ("fees.bill-issued", 404),
        ("fees.receipt", 404),
    ],
)
def test_somebody_who_looks_as_a_guardian_reads_no_message_about_what_they_may_not_see(
    browser: Visit, carol: User, dave: User, child: Any, fact: str, status: int
) -> None:
    """A registrar sees no bills."""
    from tests.apps.family.test_asking import _link  # noqa: PLC0415

    guardian = Guardian.objects.get(user=carol)
    message, of_registrar = _told(guardian, child), browser(dave)
    Message.objects.filter(pk=message.pk).update(fact=fact)
    of_registrar.get(_link(of_registrar, guardian))
    address = reverse("family:notice", args=[message.sourced_id])
    assert of_registrar.get(address).status_code == status
    assert (address in of_registrar.get("/family/messages/").content.decode()) == (status == 200)
    assert browser(carol).get(address).status_code == 200


def test_somebody_who_looks_as_a_guardian_sees_contacts_that_they_may_see_anyway(
    browser: Visit, carol: User, dave: User
) -> None:
    from tests.apps.family.test_asking import _link  # noqa: PLC0415

    of_registrar = browser(dave)
    of_registrar.get(_link(of_registrar, Guardian.objects.get(user=carol)))
    assert of_registrar.get("/family/contact/").status_code == 200
    Role.objects.get(code="registrar").permissions.filter(permission="guardians.view").delete()
    User.objects.filter(pk=dave.pk).update(access_version=dave.access_version + 1)
    assert of_registrar.get("/family/contact/").status_code == 404


def test_preferences_are_said_for_all_children_and_for_one(browser: Visit, carol: User, child: Any) -> None:
    of_carol = browser(carol)
    said = {"all-email": "no", f"{child.pk}-email": "yes"}
    assert of_carol.post("/family/preferences/", said).status_code == 303
    found = {(each.link and each.link.student_id, each.channel): each.wanted for each in Preference.objects.all()}
    assert found == {(None, "email"): False, (child.pk, "email"): True}
    of_carol.post("/family/preferences/", {})
    assert not Preference.objects.exists()
    pupil = people.a_user("pupil", role="student")
    child.user = pupil
    child.save(update_fields=["user"])
    assert browser(pupil).get("/family/preferences/").status_code == 404


def _with_a_paper(by: User, child: Any, content: bytes = b"%PDF-1.7 menu", called: str = "menu.exe") -> Any:
    """The inbox message of an announcement with a file."""
    audience = Audience("students", [str(child.sourced_id)])
    paper = services.Paper(content, called)
    made = services.announce(title="Trip", text="On Friday.", audience=audience, attachment=paper, by=by)
    services.publish(made.pk)
    deliver()
    return Message.objects.get(announcement=made, channel="in-app", guardian__user__username="carol")


def test_a_paper_is_read_by_whom_an_announcement_is_for_and_named_in_the_letter(
    browser: Visit, campus: Campus, carol: User, child: Any, alice: User, bob: User, media: Any
) -> None:
    mail.outbox.clear()
    a_guardian("Frank", child)
    message = _with_a_paper(alice, child)
    page = browser(carol).get(reverse("family:notice", args=[message.sourced_id])).content.decode()
    address = reverse("family:notice-attachment", args=[message.sourced_id])
    assert address in page
    answer = browser(carol).get(address)
    assert (answer.content, answer["Content-Type"], answer["Content-Disposition"]) == (
        b"%PDF-1.7 menu", "application/pdf", "attachment",
    )  # fmt: skip
    assert "Attached, to be read on your pages: menu.pdf" in mail.outbox[0].body
    other = people.a_guardian("other", of=[people.students_in(campus.sections["7 B"])[1]])
    assert browser(other).get(address).status_code == 404
    his = reverse("office:announcement-attachment", args=[message.announcement.sourced_id])
    assert [browser(user).get(his).status_code for user in (alice, bob)] == [200, 404]


def test_what_is_confirmed_on_a_reminder_is_confirmed(
    browser: Visit, carol: User, child: Any, alice: User, campus: Campus
) -> None:
    made = services.announce(
        title="Trip", text="On Friday.", channels=["in-app"], acknowledge=True, by=alice,
        audience=Audience("students", [str(child.sourced_id)]),
    )  # fmt: skip
    services.publish(made.pk)
    deliver()
    with clock.frozen(clock.now() + dt.timedelta(days=1)):
        assert services.remind(announcement=made.sourced_id, by=alice) == 1
        deliver()
        reminder = inbox_of(carol).filter(fact="announcement.reminder").get()
        browser(carol).post(reverse("family:notice", args=[reminder.sourced_id]))
    assert {each.acknowledged_at is None for each in inbox_of(carol)} == {False}
    with clock.frozen(clock.now() + dt.timedelta(days=2)):
        assert services.remind(announcement=made.sourced_id, by=alice) == 0


def test_what_was_told_of_one_child_goes_with_that_child_though_another_stays_open(
    browser: Visit, carol: User, child: Any, alice: User, media: Any, client_for: Any, in_oak: Any
) -> None:
    """The letter's words and its file, on the pages and in the API; so does a reminder of it."""
    message = _with_a_paper(alice, child)
    with clock.frozen(clock.now() + dt.timedelta(days=1)):
        assert services.remind(announcement=message.announcement.sourced_id, by=alice) == 1
        deliver()
    other = people.students_in(SectionMembership.objects.get(student=child).section)[1]
    link = StudentGuardian.objects.get(guardian__user=carol, student=child)
    StudentGuardian.objects.create(guardian=link.guardian, student=other, contact_priority=9)
    his = _with_a_paper(alice, other)
    of_carol, talk = browser(carol), Talk(client_for(in_oak), carol)

    def seen(each: Message) -> tuple[int, int, int, int]:
        at = [each.sourced_id]
        return (
            of_carol.get(reverse("family:notice", args=at)).status_code,
            of_carol.get(reverse("family:notice-attachment", args=at)).status_code,
            talk.get(f"inbox/{each.sourced_id}").status_code,
            talk.post(f"inbox/{each.sourced_id}/read").status_code,
        )

    assert [seen(message), seen(his)] == [(200,) * 4, (200,) * 4]
    StudentGuardian.objects.filter(pk=link.pk).update(restriction_note="By the court.")
    assert [seen(message), seen(his)] == [(404,) * 4, (200,) * 4]
    assert [each["id"] for each in talk.get("inbox").json()["results"]] == [str(his.sourced_id)]


@pytest.mark.parametrize("kind", ["school", "campus", "level", "section", "class", "students"])
def test_an_announcement_is_read_while_one_of_whom_it_was_for_may_be_seen(
    campus: Campus, carol: User, child: Any, alice: User, kind: str
) -> None:
    """Who was merged into another counts as that one; a brother or sister elsewhere does not."""
    other = people.some_students(1, institution=people.a_school_year(name="Elsewhere").institution)[0]
    taught = people.a_class(campus, students=[child])
    of = {
        "campus": campus.institution, "level": campus.levels[7], "section": campus.section, "class": taught,
        "students": child,
    }.get(kind)  # fmt: skip
    audience = Audience(kind, [str(of.sourced_id)] if of is not None else [])
    made = services.announce(title="Trip", text="On Friday.", audience=audience, by=alice)
    services.publish(made.pk)
    deliver()
    link = StudentGuardian.objects.get(guardian__user=carol, student=child)
    StudentGuardian.objects.filter(guardian=link.guardian).exclude(pk=link.pk).delete()
    StudentGuardian.objects.create(guardian=link.guardian, student=other, contact_priority=9)
    assert inbox_of(carol).filter(announcement=made).count() == 1
    StudentGuardian.objects.filter(pk=link.pk).update(data_access=False)
    assert not inbox_of(carol).exists()
    type(child).objects.filter(pk=child.pk).update(merged_into=other)
    assert inbox_of(carol).filter(announcement=made).count() == 1


def test_what_was_told_to_a_role_goes_with_the_role(browser: Visit, bob: User, alice: User) -> None:
    made = services.announce(title="Meeting", text="In room 12.", audience=Audience("role", ["teacher"], []), by=alice)
    services.publish(made.pk)
    deliver()
    assert inbox_of(bob).count() == 1
    RoleAssignment.objects.filter(user=bob).update(role=Role.objects.get(code="registrar"))
    User.objects.filter(pk=bob.pk).update(access_version=bob.access_version + 1)
    assert not inbox_of(User.objects.get(pk=bob.pk)).exists()


def test_a_paper_is_of_the_schools_day_where_it_is_another_than_in_london(
    browser: Visit, campus: Campus, carol: User, child: Any, alice: User, media: Any
) -> None:
    """In Auckland it is the fifth, on which the child came into the section."""
    Institution.objects.update(timezone="Pacific/Auckland")
    SectionMembership.objects.filter(student=child).update(starts_on=SCHOOL_DAY + dt.timedelta(days=1))
    with clock.frozen(dt.datetime(2026, 11, 4, 20, tzinfo=dt.UTC)):
        audience = Audience("section", [str(campus.section.sourced_id)])
        paper = services.Paper(b"%PDF-1.7 menu", "menu.pdf")
        made = services.announce(title="Trip", text="On Friday.", audience=audience, attachment=paper, by=alice)
        services.publish(made.pk)
        deliver()
        message = Message.objects.get(announcement=made, channel="in-app", guardian__user=carol)
        address = reverse("family:notice-attachment", args=[message.sourced_id])
        assert browser(carol).get(address).status_code == 200


def test_a_paper_goes_with_the_right_to_see_the_child_with_the_announcement_and_after_a_year(
    browser: Visit, carol: User, child: Any, alice: User, media: Any
) -> None:
    message, second = _with_a_paper(alice, child), _with_a_paper(alice, child)
    addresses = [reverse("family:notice-attachment", args=[each.sourced_id]) for each in (message, second)]
    assert [browser(carol).get(each).status_code for each in addresses] == [200, 200]
    services.withdraw(announcement=message.announcement.sourced_id, by=alice)
    assert [browser(carol).get(each).status_code for each in addresses] == [404, 200]
    links = StudentGuardian.objects.filter(guardian__user=carol)
    links.update(restriction_note="By the court.")
    assert browser(carol).get(addresses[1]).status_code == 404
    links.update(restriction_note="")
    with clock.frozen(clock.now() + dt.timedelta(days=366)):
        assert [services.forget_attachments(), services.forget_attachments()] == [1, 0]
    assert Announcement.objects.exclude(attachment="").count() == 0


def test_what_is_neither_a_pdf_nor_a_picture_is_not_announced(alice: User, child: Any, media: Any) -> None:
    with pytest.raises(AttachmentRefused):
        _with_a_paper(alice, child, b"<html>")
    with pytest.raises(AttachmentRefused):
        _with_a_paper(alice, child, b"%PDF-" + b"x" * (8 * 2**20))
    assert not Announcement.objects.exists()
