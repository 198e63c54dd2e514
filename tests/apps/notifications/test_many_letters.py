"""Many letters cost few statements, few are in doubt after a kill, and each is asked for while that is fresh."""

from __future__ import annotations

import datetime as dt
import smtplib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.notifications import services
from apps.notifications.models import Announcement, Channel, Message
from apps.notifications.selectors import Audience
from apps.notifications.services import delivering
from apps.students.models import Guardian, Student, StudentGuardian
from schoolops import clock
from schoolops.context import current_school, inside
from schoolops.queues.job import Running, holding
from schoolops.resilience import mail
from tests.factories.carriers import FickleMail
from tests.factories.people import Campus
from tests.factories.told import states


@pytest.fixture(autouse=True)
def fickle(settings: Any) -> Iterator[type[FickleMail]]:
    settings.EMAIL_BACKEND = "schoolops.resilience.mail.GuardedBackend"
    settings.EMAIL_BACKEND_BEHIND = FickleMail.PATH
    FickleMail.begin()
    yield FickleMail
    mail.circuit.reset()


def _told(child: Student, by: User, number: int) -> list[Guardian]:
    """So many guardians of a child whom the school tells something, at once."""
    StudentGuardian.objects.filter(student=child).delete()
    guardians = Guardian.objects.bulk_create(
        Guardian(given_name=f"G{place}", email=f"g{place}@example.org") for place in range(number)
    )
    StudentGuardian.objects.bulk_create(
        StudentGuardian(student=child, guardian=each, contact_priority=place + 1)
        for place, each in enumerate(guardians)
    )
    made = services.announce(
        title="Trip", text="On Friday.", audience=Audience("students", [str(child.sourced_id)]), by=by
    )
    services.publish(made.pk)
    return guardians


def _statements(number: int) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert services.deliver(Channel.EMAIL) == number
    return [each["sql"] for each in found.captured_queries]


def test_a_batch_takes_as_many_statements_for_five_letters_as_for_fifty(
    campus: Campus, child: Student, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "FRESH_S", 600.0)
    monkeypatch.setattr(delivering, "A_MOMENT_S", 600.0)
    _told(child, alice, 5)
    for_five = _statements(5)
    _told(child, alice, 50)
    for_fifty = _statements(50)
    # Fifty are called out by 2, 4, 8, 16 and 20, five by 2 and 3; each after what became of those before.
    begun = [each for each in for_fifty if "SET reason = ''" in each]
    asked = [each for each in for_fifty if "FOR NO KEY UPDATE" in each]
    assert (len(begun), len(asked)) == (5, len([each for each in for_five if "FOR NO KEY UPDATE" in each]))
    more = [each for each in for_fifty if "SAVEPOINT" not in each and "synchronous_commit" not in each]
    less = [each for each in for_five if "SAVEPOINT" not in each and "synchronous_commit" not in each]
    assert len(more) - len(less) == 2 * (5 - 2)


@pytest.mark.parametrize(
    ("moment", "in_doubt", "left"),
    [pytest.param(600.0, 16, 30, id="a fast server"), pytest.param(-1.0, 1, 32, id="a slow server")],
)
def test_of_a_batch_whose_worker_is_killed_only_what_was_called_out_is_in_doubt(
    campus: Campus, child: Student, alice: User, fickle: type[FickleMail], monkeypatch: pytest.MonkeyPatch,
    moment: float, in_doubt: int, left: int,
) -> None:  # fmt: skip
    monkeypatch.setattr(delivering, "A_MOMENT_S", moment)
    _told(child, alice, 60)
    job = Running(77, type("T", (), {"outside": "keyed"})(), "oak", 1, "", tracked=False)  # type: ignore[arg-type]

    def killed() -> None:
        raise KeyboardInterrupt

    fickle.says = [*["take"] * 27, killed]
    with holding(job), pytest.raises(KeyboardInterrupt):
        services.deliver(Channel.EMAIL)
    with holding(job):
        assert services.deliver(Channel.EMAIL) == left
    assert [state for state, _ in states(channel=Channel.EMAIL)].count("outcome_unknown") == in_doubt
    assert len({each.to[0] for each in fickle.taken}) == len(fickle.taken) == 27 + left
    assert not Message.objects.filter(channel=Channel.EMAIL, state__in=("queued", "sending")).exists()


def test_who_is_kept_from_the_child_while_a_batch_is_handed_over_is_asked_for_again(
    campus: Campus, child: Student, alice: User, fickle: type[FickleMail], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = _told(child, alice, 30)
    monkeypatch.setattr(delivering, "FRESH_S", -1.0)
    school = current_school()

    def restricted() -> None:
        with inside(school):
            StudentGuardian.objects.filter(guardian=told[29]).update(restriction_note="By the court.")

    fickle.says = [restricted]
    assert services.deliver(Channel.EMAIL) == 29
    assert states(guardian=told[29], channel=Channel.EMAIL) == [("suppressed", "no-access")]
    assert "g29@example.org" not in {each.to[0] for each in fickle.taken}


def test_the_rest_of_a_batch_waits_while_the_mail_server_is_away(
    campus: Campus, child: Student, alice: User, fickle: type[FickleMail]
) -> None:
    _told(child, alice, 30)
    fickle.says = ["away"]
    with pytest.raises(mail.MailUnavailable):
        services.deliver(Channel.EMAIL)
    assert states(channel=Channel.EMAIL) == [("deferred", "outage")] * 30


def _meanwhile(what: Callable[[], object]) -> Callable[[], None]:
    """What somebody else does of the same school while a letter is handed over."""
    school = current_school()

    def happens() -> None:
        with inside(school):
            what()

    return happens


def test_what_another_worker_took_of_a_batch_after_a_long_sleep_is_not_called_out_twice(
    campus: Campus, child: Student, alice: User, fickle: type[FickleMail]
) -> None:
    _told(child, alice, 60)

    def another() -> None:
        with clock.frozen(clock.now() + dt.timedelta(minutes=16)):
            assert services.look_after() == 2
            assert services.deliver(Channel.EMAIL) == 58

    fickle.says = [_meanwhile(another)]
    services.deliver(Channel.EMAIL)
    assert len({each.to[0] for each in fickle.taken}) == len(fickle.taken) == 60
    found = [state for state, _ in states(channel=Channel.EMAIL)]
    assert (found.count("outcome_unknown"), found.count("sent")) == (2, 58)


def test_once_everything_is_held_only_what_is_called_out_goes(
    campus: Campus, child: Student, alice: User, fickle: type[FickleMail], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "FRESH_S", 600.0)
    _told(child, alice, 60)
    fickle.says = [_meanwhile(lambda: services.hold(reason="Wrong list", by=alice))]
    assert services.deliver(Channel.EMAIL) == len(fickle.taken) == 2
    assert services.waits().filter(channel=Channel.EMAIL).count() == 58


def test_of_an_announcement_that_is_withdrawn_only_what_is_called_out_goes(
    campus: Campus, child: Student, alice: User, fickle: type[FickleMail], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "FRESH_S", 600.0)
    _told(child, alice, 60)
    made = Announcement.objects.get().sourced_id
    fickle.says = [_meanwhile(lambda: services.withdraw(announcement=made, by=alice))]
    assert services.deliver(Channel.EMAIL) == len(fickle.taken) == 2
    assert states(channel=Channel.EMAIL).count(("suppressed", "discarded")) == 58


def test_a_sender_whom_the_server_does_not_take_is_the_schools_trouble_and_no_letters(
    campus: Campus, child: Student, alice: User, fickle: type[FickleMail]
) -> None:
    _told(child, alice, 1)

    def refused() -> None:
        raise smtplib.SMTPSenderRefused(553, b"not your address", "school@example.org")

    fickle.says = [refused]
    assert services.deliver(Channel.EMAIL) == 0
    assert states(channel=Channel.EMAIL) == [("deferred", "outage")]
