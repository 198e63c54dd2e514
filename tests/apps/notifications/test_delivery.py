"""Whatever a mail server or a gateway does, nothing is lost and nothing is sent twice."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from apps.access.errors import OutOfReach, PermissionMissing
from apps.accounts.models import User
from apps.notifications import services
from apps.notifications.errors import HeldAlready, NothingHeld, OutcomeKnown
from apps.notifications.models import Announcement, Channel, Message
from apps.notifications.selectors import Audience, inbox_of, standing
from apps.notifications.services import About
from apps.notifications.services.judging import e164
from apps.staff.models import TeachingAssignment
from apps.students.models import Guardian, Student, StudentGuardian
from schoolops import clock
from schoolops.queues.job import Running, holding
from schoolops.resilience import mail, sms
from schoolops.resilience.mail import MailUnavailable
from schoolops.resilience.sms import GatewayUnavailable
from tests.factories import people
from tests.factories.carriers import FickleMail, Gateway, gateway
from tests.factories.people import Campus
from tests.factories.told import a_guardian, states

At = Callable[..., dt.datetime]


@pytest.fixture(autouse=True)
def _closed_circuits() -> Iterator[None]:
    yield
    mail.circuit.reset()
    sms.circuit.reset()


@pytest.fixture
def fickle(settings: Any) -> type[FickleMail]:
    settings.EMAIL_BACKEND = "schoolops.resilience.mail.GuardedBackend"
    settings.EMAIL_BACKEND_BEHIND = FickleMail.PATH
    FickleMail.begin()
    return FickleMail


@pytest.fixture
def carrier(settings: Any) -> Iterator[Gateway]:
    with gateway() as found:
        settings.SMS_URL, settings.SMS_REGION = found.url, "GB"
        settings.SMS_BODY = {"to": "{to}", "body": ["{text}"], "ref": "x-{key}"}
        settings.SMS_HEADERS, settings.SMS_REFERENCE = {"X-Key": "k"}, "messages.0.id"
        settings.SMS_WEBHOOK_SECRET = "a secret of the gateway"
        yield found


def _tell(campus: Campus, by: User, number: int = 3, channels: tuple[str, ...] = ("email",)) -> list[Guardian]:
    """So many guardians whom the school tells something, at once."""
    children = people.students_in(campus.section)[:number]
    told = [a_guardian(f"G{place}", child, phone=f"+4420794600{place:02}") for place, child in enumerate(children)]
    made = services.announce(
        title="Trip", text="On Friday.", channels=channels, by=by,
        audience=Audience("students", [str(child.sourced_id) for child in children]),
    )  # fmt: skip
    services.publish(made.pk)
    return told


def test_many_letters_go_over_one_connection(campus: Campus, alice: User, fickle: type[FickleMail]) -> None:
    _tell(campus, alice, 12)
    assert services.deliver(Channel.EMAIL) == 12
    assert (len(fickle.taken), fickle.opened) == (12, 1)
    assert {str(each.extra_headers["X-SchoolOps-Message"]) for each in fickle.taken} == {
        str(each.sourced_id) for each in Message.objects.filter(channel=Channel.EMAIL)
    }


def test_an_outage_loses_nothing(campus: Campus, alice: User, fickle: type[FickleMail], at: At) -> None:
    _tell(campus, alice)
    fickle.begin("away")
    with pytest.raises(MailUnavailable):
        services.deliver(Channel.EMAIL)
    assert states(channel=Channel.EMAIL) == [("deferred", "outage")] * 3
    with clock.frozen(at(10, 2)):
        assert services.deliver(Channel.EMAIL) == 3
    assert states(channel=Channel.EMAIL) == [("sent", "")] * 3


def test_an_outage_costs_no_try_and_a_letter_that_is_put_off_bars_no_address(
    campus: Campus, alice: User, fickle: type[FickleMail], at: At
) -> None:
    _tell(campus, alice)
    for minute in range(9):
        mail.circuit.reset()
        fickle.begin("away")
        with clock.frozen(at(10, 2 * minute)), pytest.raises(MailUnavailable):
            services.deliver(Channel.EMAIL)
    mail.circuit.reset()
    fickle.begin("later", "later", "later")
    with clock.frozen(at(11)):
        services.deliver(Channel.EMAIL)
    assert states(channel=Channel.EMAIL) == [("deferred", "outage")] * 3
    assert {each.due_at for each in Message.objects.filter(channel=Channel.EMAIL)} == {at(11, 5)}
    # Put off for longer than anybody waits, it failed; its address is still written to.
    Message.objects.filter(channel=Channel.EMAIL).update(tries=8)
    fickle.begin("later", "later", "later")
    with clock.frozen(at(12)):
        services.deliver(Channel.EMAIL)
    assert states(channel=Channel.EMAIL) == [("failed", "")] * 3
    assert not Message.objects.filter(bounced_at__isnull=False).exists()


def test_what_is_for_the_inbox_is_never_in_doubt(campus: Campus, child: Student, alice: User) -> None:
    _tell(campus, alice, channels=("in-app",))
    Message.objects.filter(channel=Channel.INBOX).update(state="sending", address="inbox", job=7, handed_at=clock.now())
    with clock.frozen(clock.now() + dt.timedelta(hours=1)):
        assert services.look_after() == 0
        services.deliver(Channel.INBOX)
    assert {state for state, _ in states(channel=Channel.INBOX)} == {"delivered"}
    (one, *_) = Message.objects.filter(channel=Channel.INBOX)
    Message.objects.filter(pk=one.pk).update(state="outcome_unknown")
    assert services.resolve(message=one.sourced_id, sent=True, by=alice).state == "delivered"


def test_readers_are_reminded_once_a_day_of_the_school_and_counted_as_they_are_written_to(
    campus: Campus, alice: User
) -> None:
    campus.institution.timezone = "Pacific/Auckland"
    campus.institution.save()
    _tell(campus, alice)
    made = Announcement.objects.get()
    monday = dt.datetime(2026, 11, 2, 0, 30, tzinfo=dt.UTC)
    # Half past one in the afternoon, and eleven the next morning: one day in London.
    for moment, number in ((monday, 3), (monday, 0), (monday + dt.timedelta(hours=21, minutes=30), 3)):
        with clock.frozen(moment):
            assert services.remind(announcement=made.sourced_id, by=alice) == number


def test_a_channel_that_is_away_opens_its_own_circuit_and_no_other(
    campus: Campus, alice: User, fickle: type[FickleMail], carrier: Gateway, at: At
) -> None:
    _tell(campus, alice, channels=("email", "sms"))
    for minute in range(5):
        fickle.begin("away")
        with clock.frozen(at(10, 2 * minute)), pytest.raises(MailUnavailable):
            services.deliver(Channel.EMAIL)
    fickle.begin()
    with clock.frozen(at(10, 20)), pytest.raises(MailUnavailable):
        services.deliver(Channel.EMAIL)
    assert fickle.opened == 0
    assert services.deliver(Channel.SMS) == 3
    assert len(carrier.taken) == 3


def test_a_hand_over_without_an_answer_is_in_doubt_until_a_person_says(
    campus: Campus, alice: User, fickle: type[FickleMail], at: At
) -> None:
    _tell(campus, alice)
    fickle.begin("take", "silent")
    assert services.deliver(Channel.EMAIL) == 2
    assert [state for state, _ in states(channel=Channel.EMAIL)] == ["sent", "outcome_unknown", "sent"]
    assert services.deliver(Channel.EMAIL) == 0
    doubted = Message.objects.get(state="outcome_unknown")
    assert standing(by=alice).unknown == 1
    services.resolve(message=doubted.sourced_id, sent=False, by=alice)
    assert services.deliver(Channel.EMAIL) == 1
    with pytest.raises(OutcomeKnown):
        services.resolve(message=doubted.sourced_id, sent=True, by=alice)


def test_what_a_killed_worker_was_handing_over_is_in_doubt_and_not_sent_again(
    campus: Campus, alice: User, fickle: type[FickleMail], at: At
) -> None:
    _tell(campus, alice)
    job = Running(77, services.deliver, "oak", 2, "", tracked=False)  # type: ignore[arg-type]
    called_out = {"state": "sending", "job": 77, "address": "g@example.org"}
    Message.objects.filter(channel=Channel.EMAIL).update(handed_at=clock.now(), **called_out)
    # Another worker leaves them alone, until nobody can be at it any more.
    assert services.deliver(Channel.EMAIL) == 0
    assert services.look_after() == 0
    with clock.frozen(at(10, 16)):
        assert services.look_after() == 3
    Message.objects.filter(channel=Channel.EMAIL).update(**called_out)
    job.task = type("T", (), {"outside": "keyed"})()  # type: ignore[assignment]
    with holding(job):
        assert services.deliver(Channel.EMAIL) == 0
    assert fickle.taken == []
    assert {state for state, _ in states(channel=Channel.EMAIL)} == {"outcome_unknown"}


def test_an_address_that_bounces_is_marked_and_written_to_no_more(
    campus: Campus, alice: User, fickle: type[FickleMail], child: Student
) -> None:
    told = _tell(campus, alice)
    fickle.begin("unknown-recipient")
    services.deliver(Channel.EMAIL)
    first = Message.objects.get(guardian=told[0], channel=Channel.EMAIL)
    assert (first.state, first.answer) == ("bounced", "550 no such user here")
    assert standing(by=alice).bounced == 1
    _again(campus, alice)
    services.deliver(Channel.EMAIL)
    assert states(guardian=told[0], channel=Channel.EMAIL) == [("bounced", ""), ("suppressed", "address-bounced")]
    assert services.clear_address(address=first.address, by=alice) == 1
    _again(campus, alice)
    assert services.deliver(Channel.EMAIL) == 3


def _again(campus: Campus, by: User) -> None:
    made = services.announce(
        title="More", text="x", audience=Audience("section", [str(campus.section.sourced_id)]), by=by
    )
    services.publish(made.pk)


@pytest.mark.parametrize("address", ["a@example.org\nBcc: b@example.org", f"a@{'x' * 70}é.example"])
def test_an_address_to_which_no_letter_can_be_written_holds_up_no_other(
    campus: Campus, alice: User, settings: Any, address: str
) -> None:
    settings.EMAIL_BACKEND = "schoolops.resilience.mail.GuardedBackend"
    settings.EMAIL_BACKEND_BEHIND = "tests.factories.carriers.SmtpInMemory"
    told = _tell(campus, alice)
    Guardian.objects.filter(pk=told[1].pk).update(email=address)
    assert services.deliver(Channel.EMAIL) == 2
    assert [state for state, _ in states(channel=Channel.EMAIL)] == ["sent", "failed", "sent"]


def test_who_may_no_longer_write_to_an_audience_reminds_nobody_of_it(campus: Campus, bob: User) -> None:
    made = services.announce(
        title="Trip", text="x", audience=Audience("section", [str(campus.section.sourced_id)]), by=bob
    )
    services.publish(made.pk)
    assert services.remind(announcement=made.sourced_id, by=bob) >= 0
    TeachingAssignment.objects.filter(staff__user=bob).delete()
    with pytest.raises(OutOfReach):
        services.remind(announcement=made.sourced_id, by=bob)


def test_what_a_class_teacher_was_told_of_a_child_is_theirs_to_read_while_they_see_the_child(
    bob: User, child: Student
) -> None:
    Message.objects.create(
        fact="attendance.warning", key="x", channel="in-app", state="delivered", user=bob, student=child, subject="x",
        due_at=clock.now(), made_at=clock.now(), handed_at=clock.now(), institution=child.institution,
    )  # fmt: skip
    assert inbox_of(bob).count() == 1
    TeachingAssignment.objects.filter(staff__user=bob).delete()
    assert inbox_of(bob).count() == 0


def test_what_a_server_takes_later_comes_again_and_what_it_never_takes_does_not(
    campus: Campus, alice: User, fickle: type[FickleMail], at: At
) -> None:
    _tell(campus, alice)
    fickle.begin("later", "spam")
    assert services.deliver(Channel.EMAIL) == 1
    assert [state for state, _ in states(channel=Channel.EMAIL)] == ["deferred", "failed", "sent"]
    with clock.frozen(at(10, 6)):
        assert services.deliver(Channel.EMAIL) == 1


# --- text messages ----------------------------------------------------------------------------------------------------
def test_texts_go_as_settings_describe_over_one_connection(campus: Campus, alice: User, carrier: Gateway) -> None:
    _tell(campus, alice, channels=("sms",))
    assert services.deliver(Channel.SMS) == 3
    first = Message.objects.filter(channel=Channel.SMS).order_by("pk").first()
    assert first is not None
    assert carrier.taken[0] == {"to": "+442079460000", "body": [first.text], "ref": f"x-{first.sourced_id}"}
    assert carrier.keys[0] == str(first.sourced_id)
    assert (first.reference, carrier.connections) == ("gw-1", 1)


@pytest.mark.parametrize(
    ("status", "state"),
    [(400, "failed"), (404, "failed"), (None, "outcome_unknown"), (500, "outcome_unknown"), (302, "outcome_unknown")],
)
def test_what_a_gateway_answers_decides(
    campus: Campus, alice: User, carrier: Gateway, status: int | None, state: str
) -> None:
    _tell(campus, alice, 1, ("sms",))
    carrier.answers = [status]
    services.deliver(Channel.SMS)
    services.deliver(Channel.SMS)
    assert [found for found, _ in states(channel=Channel.SMS)] == [state]
    assert len(carrier.taken) == 1


@pytest.mark.parametrize("status", [401, 429, 503])
def test_a_gateway_that_takes_nothing_now_is_asked_again(
    campus: Campus, alice: User, carrier: Gateway, status: int, at: At
) -> None:
    _tell(campus, alice, 1, ("sms",))
    carrier.answers = [status]
    with pytest.raises(GatewayUnavailable):
        services.deliver(Channel.SMS)
    with clock.frozen(at(10, 2)):
        assert services.deliver(Channel.SMS) == 1


def test_reports_say_what_became_of_a_text_once(
    campus: Campus, alice: User, carrier: Gateway, at_oak: Any, client_for: Any, in_oak: Any
) -> None:
    _tell(campus, alice, channels=("sms",))
    services.deliver(Channel.SMS)
    first, second, third = Message.objects.filter(channel=Channel.SMS).order_by("pk")
    client = client_for(in_oak)

    def report(secret: str = "a secret of the gateway", **said: object) -> int:
        headers = {"authorization": f"Bearer {secret}"}
        return int(client.post("/hooks/sms", said, content_type="application/json", headers=headers).status_code)

    assert report("wrong", key=str(first.sourced_id), outcome="delivered") == 404
    assert report(outcome="eaten", key=str(first.sourced_id)) == 400
    assert report(key=str(first.sourced_id), outcome="delivered") == 204
    assert report(reference=second.reference, outcome="bounced", words="no such\nnumber") == 204
    # The second time, and otherwise: what is known stays.
    assert report(key=str(first.sourced_id), outcome="failed") == 204
    assert [state for state, _ in states(channel=Channel.SMS)] == ["delivered", "bounced", "sent"]
    second.refresh_from_db()
    assert (second.answer, second.bounced_at is None, third.state) == ("no such number", False, "sent")


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.EMAIL])
def test_without_a_carrier_what_families_are_told_fails_in_words_and_is_not_written_out(
    campus: Campus, alice: User, settings: Any, caplog: pytest.LogCaptureFixture, capfd: Any, channel: Channel
) -> None:
    """As in production, whose log is read by many: a letter names a child, and what of it."""
    settings.SMS_URL, settings.SMS_LOGGED = "", False
    settings.EMAIL_BACKEND = "schoolops.resilience.mail.GuardedBackend"
    settings.EMAIL_BACKEND_BEHIND = "schoolops.resilience.mail.NowhereBackend"
    with caplog.at_level(logging.DEBUG):
        told = _tell(campus, alice, channels=(channel.value,))
        services.deliver(channel)
    failed = Message.objects.filter(channel=channel)
    assert {each.state for each in failed} == {"failed"}
    assert {each.answer for each in failed} == {
        "no gateway for text messages is set up (SMS_URL)"
        if channel == Channel.SMS
        else "550 no mail server is set up (EMAIL_URL)"
    }
    written = caplog.text + "".join(capfd.readouterr())
    assert not [said for said in ("On Friday.", told[0].phone, told[0].full_name) if said in written]


@pytest.mark.parametrize(
    ("number", "dialled"),
    [("020 7946 0000", "+442079460000"), ("+49 30 123456", "+4930123456"), ("12", ""), ("see mother", ""), ("", "")],
)
def test_numbers_are_dialled_as_the_whole_world_does(settings: Any, number: str, dialled: str) -> None:
    settings.SMS_REGION = "GB"
    assert e164(number) == dialled


# --- holding and limits -----------------------------------------------------------------------------------------------
def test_everything_is_held_and_then_released_or_discarded(
    campus: Campus, alice: User, bob: User, fickle: type[FickleMail]
) -> None:
    with pytest.raises(PermissionMissing):
        services.hold(reason="Rehearsal", by=bob)
    services.hold(reason="Rehearsal", by=alice)
    with pytest.raises(HeldAlready):
        services.hold(reason="Again", by=alice)
    _tell(campus, alice)
    assert [services.deliver(channel) for channel in Channel] == [0, 0, 0]
    assert services.waits().count() == 6
    assert services.release(by=alice) == 6
    assert sorted(services.deliver(channel) for channel in Channel) == [0, 3, 3]
    services.hold(reason="Wrong list", by=alice)
    _again(campus, alice)
    assert services.release(discard=True, by=alice) == 6
    assert services.deliver(Channel.EMAIL) == 0
    with pytest.raises(NothingHeld):
        services.release(by=alice)


def test_what_is_over_the_days_limit_goes_tomorrow(
    campus: Campus, alice: User, fickle: type[FickleMail], at: At
) -> None:
    services.set_outgoing(emails_a_day=2, quiet_from=dt.time(0), quiet_until=dt.time(0), by=alice)
    _tell(campus, alice)
    assert services.deliver(Channel.EMAIL) == 2
    assert states(channel=Channel.EMAIL)[2] == ("deferred", "daily-limit")
    with clock.frozen(at(23)):
        assert services.deliver(Channel.EMAIL) == 0
    with clock.frozen(at(0, 1, days=1)):
        assert services.deliver(Channel.EMAIL) == 1


def test_an_inbox_loses_what_its_reader_may_not_see_any_more(
    campus: Campus, carol: User, child: Student, alice: User
) -> None:
    services.tell("attendance.late", [])
    services.tell(
        "attendance.leave-decided",
        [About(key="0190b5c0-0000-7000-8000-000000000000", student=child.pk, institution=campus.institution.pk)],
    )
    Message.objects.filter(channel=Channel.INBOX).update(state="delivered", handed_at=clock.now())
    assert inbox_of(carol).count() == 1
    StudentGuardian.objects.filter(guardian__user=carol, student=child).update(restriction_note="By the court.")
    assert inbox_of(carol).count() == 0
