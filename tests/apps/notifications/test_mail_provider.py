"""Letters through a provider's API, and what it reports of them later: once, in any order, whoever's letter it was."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from anymail.exceptions import AnymailAPIError, AnymailRecipientsRefused
from anymail.signals import AnymailTrackingEvent
from django.core import mail as box

from apps.accounts.models import User
from apps.notifications import services
from apps.notifications.models import Channel, Message
from apps.notifications.selectors import Audience, standing
from apps.notifications.services.carrying import MOST_TRIES
from apps.students.models import Guardian, Student
from schoolops import clock
from schoolops.context import current_school
from schoolops.resilience import mail
from schoolops.resilience.mail import MailUnavailable
from schoolops.resilience.providers import _outcome
from tests.factories.people import Campus
from tests.factories.told import states

Post = Callable[..., int]


@pytest.fixture(autouse=True)
def _provider(settings: Any) -> Iterator[None]:
    settings.MAIL_PROVIDER, settings.ANYMAIL = "test", {"WEBHOOK_SECRET": "oak:secret"}
    settings.EMAIL_BACKEND = "schoolops.resilience.mail.GuardedBackend"
    settings.EMAIL_BACKEND_BEHIND = "schoolops.resilience.providers.ProviderBackend"
    yield
    mail.circuit.reset()


@pytest.fixture
def post(settings: Any, at_oak: Any, client_for: Any, in_oak: Any) -> Post:
    """Report as Postmark does; the status that it is answered with."""
    settings.MAIL_PROVIDER = "postmark"
    client = client_for(in_oak)

    def report(said: Any, secret: str = "oak:secret") -> int:
        headers = {"authorization": "Basic " + base64.b64encode(secret.encode()).decode()}
        answer = client.post("/hooks/mail", said, content_type="application/json", headers=headers)
        return int(answer.status_code)

    return report


def _announced(child: Student, by: User) -> Message:
    made = services.announce(
        title="Trip", text="On Friday.", audience=Audience("students", [str(child.sourced_id)]), by=by
    )
    services.publish(made.pk)
    return Message.objects.filter(announcement=made, channel=Channel.EMAIL).get()


def _sent(child: Student, by: User, settings: Any) -> Message:
    settings.MAIL_PROVIDER = "test"
    found = _announced(child, by)
    services.deliver(Channel.EMAIL)
    settings.MAIL_PROVIDER = "postmark"
    return found


def _said(kind: str, message: Message, **more: Any) -> dict[str, Any]:
    marks = {"schoolops_school": current_school().slug, "schoolops_letter": str(message.sourced_id)}
    return {"RecordType": kind, "MessageID": "883953f4", "Recipient": message.address, "Metadata": marks, **more}


def _bounce(message: Message, kind: str = "HardBounce") -> dict[str, Any]:
    return _said(
        "Bounce", message, ID=42, Type=kind, Email=message.address, Description="The server was unable to deliver"
    )


def _event(event_type: str, **said: Any) -> AnymailTrackingEvent:
    return AnymailTrackingEvent(event_type=event_type, **said)


def test_a_letter_bears_its_marks_and_a_delivery_is_noted_once(
    campus: Campus, child: Student, mona: Guardian, alice: User, post: Post, settings: Any
) -> None:
    message = _sent(child, alice, settings)
    sent: Any = box.outbox[0]
    marks = sent.anymail_test_params["metadata"]
    assert marks == {"schoolops_school": current_school().slug, "schoolops_letter": str(message.sourced_id)}
    assert post(_said("Delivery", message, DeliveredAt="2026-03-04T10:00:00Z")) == 204
    assert post(_said("Delivery", message)) == 204
    assert states(guardian=mona, channel=Channel.EMAIL) == [("delivered", "")]


@pytest.mark.parametrize("delivery_first", [True, False])
def test_what_comes_back_later_marks_the_address_whichever_is_reported_first(
    campus: Campus, child: Student, mona: Guardian, alice: User, post: Post, settings: Any, delivery_first: bool
) -> None:
    message = _sent(child, alice, settings)
    message.refresh_from_db()
    reports = [_said("Delivery", message), _bounce(message)]
    for each in reports if delivery_first else reversed(reports):
        assert post(each) == 204
    assert states(guardian=mona, channel=Channel.EMAIL) == [("bounced", "")]
    assert standing(by=alice).bounced == 1
    services.clear_address(address=message.address, by=alice)
    # The same report once more: what a person cleared stays cleared.
    assert post(_bounce(message)) == 204
    assert standing(by=alice).bounced == 0


def test_nothing_more_is_written_to_who_calls_a_letter_unwanted(
    campus: Campus, child: Student, mona: Guardian, alice: User, post: Post, settings: Any
) -> None:
    message = _sent(child, alice, settings)
    complaint = _bounce(message, "SpamComplaint") | {"RecordType": "SpamComplaint"}
    assert [post(complaint), post(complaint)] == [204, 204]
    found = Message.objects.get(pk=message.pk)
    assert (found.state, found.answer.split(":")[0], found.bounced_at is None) == ("delivered", "complained", False)
    again = _sent(child, alice, settings)
    assert states(pk=again.pk) == [("suppressed", "address-bounced")]


def test_what_is_only_late_or_nobodys_or_unreadable_changes_nothing(
    campus: Campus, child: Student, mona: Guardian, alice: User, post: Post, settings: Any
) -> None:
    message = _sent(child, alice, settings)
    assert post(_bounce(message, "Transient")) == 204
    assert post(_bounce(message) | {"Metadata": {}}) == 204
    elsewhere = {"schoolops_school": "nowhere", "schoolops_letter": "x"}
    assert post(_bounce(message) | {"Metadata": elsewhere}) == 204
    assert post([1]) == 400
    assert post(_bounce(message), "oak:guessed") == 404
    settings.ANYMAIL = {}
    assert post(_bounce(message)) == 404
    assert states(guardian=mona, channel=Channel.EMAIL) == [("sent", "")]


def test_what_came_back_for_now_goes_again_later_each_time_and_leaves_the_address(
    campus: Campus, child: Student, mona: Guardian, alice: User, post: Post, settings: Any, later: Any
) -> None:
    message = _sent(child, alice, settings)
    soft = _bounce(message, "SoftBounce")
    for _report in range(2):
        assert post(soft | {"BouncedAt": clock.now().isoformat()}) == 204
        assert states(guardian=mona, channel=Channel.EMAIL) == [("deferred", "outage")]
    assert standing(by=alice).bounced == 0
    settings.MAIL_PROVIDER = "test"
    services.deliver(Channel.EMAIL)
    assert len(box.outbox) == 1
    before = clock.now()
    later(minutes=11)
    services.deliver(Channel.EMAIL)
    assert len(box.outbox) == 2
    settings.MAIL_PROVIDER = "postmark"
    # What is told once more of the first try says nothing of the second.
    assert post(soft | {"BouncedAt": before.isoformat()}) == 204
    assert states(guardian=mona, channel=Channel.EMAIL) == [("sent", "")]
    Message.objects.filter(pk=message.pk).update(tries=MOST_TRIES)
    assert post(soft | {"BouncedAt": clock.now().isoformat()}) == 204
    assert states(guardian=mona, channel=Channel.EMAIL) == [("failed", "")]
    assert standing(by=alice).bounced == 0


@pytest.mark.parametrize(
    ("kind", "state"), [("Delivery", "delivered"), ("Bounce", "bounced"), ("SpamComplaint", "delivered")]
)
@pytest.mark.parametrize("waits", ["came back for now", "to be sent again"])
@pytest.mark.usefixtures("campus", "mona")
def test_what_is_known_for_good_while_a_letter_waits_ends_it(
    child: Student, alice: User, post: Post, settings: Any, later: Any, kind: str, state: str, waits: str
) -> None:
    message = _sent(child, alice, settings)
    message.refresh_from_db()
    if waits == "to be sent again":
        Message.objects.filter(pk=message.pk).update(state="outcome_unknown")
        services.resolve(message=message.sourced_id, sent=False, by=alice)
    else:
        assert post(_bounce(message, "SoftBounce")) == 204
        assert states(pk=message.pk) == [("deferred", "outage")]
    final = {"Bounce": _bounce(message), "SpamComplaint": _bounce(message, "SpamComplaint")}
    assert post(final.get(kind, _said(kind, message)) | {"RecordType": kind}) == 204
    assert states(pk=message.pk) == [(state, "")]
    assert standing(by=alice).bounced == (kind != "Delivery")
    settings.MAIL_PROVIDER = "test"
    later(minutes=11)
    assert services.deliver(Channel.EMAIL) == 0
    assert len(box.outbox) == 1
    assert states(pk=message.pk) == [(state, "")]


def test_what_came_back_in_the_second_of_sending_goes_again(
    campus: Campus, child: Student, mona: Guardian, alice: User, post: Post, settings: Any
) -> None:
    message = _sent(child, alice, settings)
    # The provider's clock knows whole seconds, and is not ours.
    early = clock.now().replace(microsecond=0) - dt.timedelta(seconds=20)
    assert post(_bounce(message, "SoftBounce") | {"BouncedAt": early.isoformat()}) == 204
    assert states(guardian=mona, channel=Channel.EMAIL) == [("deferred", "outage")]


def test_what_came_back_of_an_earlier_try_says_nothing_of_the_last_one(
    campus: Campus, child: Student, mona: Guardian, alice: User, post: Post, settings: Any
) -> None:
    message = _sent(child, alice, settings)
    Message.objects.filter(pk=message.pk).update(tries=MOST_TRIES)
    soft = _bounce(message, "SoftBounce")
    earlier = (clock.now() - dt.timedelta(minutes=10)).isoformat()
    assert post(soft | {"BouncedAt": earlier}) == 204
    assert services.report_letter(key=message.sourced_id, outcome="failed", at=dt.datetime.fromisoformat(earlier)) == 0
    assert states(guardian=mona, channel=Channel.EMAIL) == [("sent", "")]
    assert post(soft | {"BouncedAt": clock.now().isoformat()}) == 204
    assert states(guardian=mona, channel=Channel.EMAIL) == [("failed", "")]


@pytest.mark.parametrize(
    ("event", "outcome"),
    [
        (_event("bounced", esp_event={"bounce": {"bounceType": "Transient"}}), "came-back"),
        (_event("bounced", esp_event={"bounce": {"bounceType": "Permanent"}}), "bounced"),
        (_event("bounced", esp_event={"event": "soft_bounce"}), "came-back"),
        (_event("bounced", esp_event={"event": "bounce", "hard_bounce": False}), "came-back"),
        (_event("bounced", esp_event={"event": "bounce", "hard_bounce": True}), "bounced"),
        (_event("bounced", esp_event={"msys": {"message_event": {"bounce_class": "22"}}}), "came-back"),
        (_event("bounced", mta_response="452 4.2.2 The mailbox is full"), "came-back"),
        (_event("bounced", mta_response="smtp; 550 5.1.1 no such user"), "bounced"),
        (_event("bounced", reject_reason="timed_out"), "came-back"),
        (_event("rejected", reject_reason="invalid"), "bounced"),
        (_event("rejected", reject_reason="other"), "failed"),
        (_event("unsubscribed"), "complained"),
        (_event("opened"), "delivered"),
        (_event("autoresponded"), "delivered"),
    ],
)
def test_each_provider_says_in_its_own_words_what_came_back_for_now(event: Any, outcome: str) -> None:
    assert _outcome(event) == outcome


def test_a_provider_that_asks_whether_anybody_is_there_is_answered(in_oak: Any, client_for: Any) -> None:
    client = client_for(in_oak)
    assert [client.head("/hooks/mail").status_code, client.get("/hooks/mail").status_code] == [200, 405]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (AnymailAPIError("no", status_code=422), ("failed", "")),
        (AnymailAPIError("?", status_code=500), ("outcome_unknown", "")),
        (AnymailRecipientsRefused("inactive"), ("bounced", "")),
    ],
)
def test_what_the_provider_answers_decides_as_a_mail_server_does(
    campus: Campus, child: Student, mona: Guardian, alice: User, monkeypatch: pytest.MonkeyPatch,
    answer: Exception, state: tuple[str, str],
) -> None:  # fmt: skip
    _announced(child, alice)

    def refuses(*_said: object) -> None:
        raise answer

    monkeypatch.setattr("anymail.backends.test.EmailBackend.post_to_esp", refuses)
    services.deliver(Channel.EMAIL)
    assert states(guardian=mona, channel=Channel.EMAIL) == [state]


def test_a_provider_that_takes_nothing_now_is_asked_again(
    campus: Campus, child: Student, mona: Guardian, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    _announced(child, alice)

    def busy(*_said: object) -> None:
        raise AnymailAPIError("busy", status_code=429)

    monkeypatch.setattr("anymail.backends.test.EmailBackend.post_to_esp", busy)
    with pytest.raises(MailUnavailable):
        services.deliver(Channel.EMAIL)
    assert states(guardian=mona, channel=Channel.EMAIL) == [("deferred", "outage")]
