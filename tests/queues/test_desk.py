"""What operators do about dead letters, by command and in their admin, and that all of it is written down."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction
from django.test import Client

from apps.accounts.models import User
from schoolops import clock, context
from schoolops.context import outside_schools
from schoolops.ids import uuid7
from schoolops.queues import FEES, IMPORTS, task
from schoolops.queues.desk import letters as desk
from schoolops.queues.errors import LetterNotFound, PayloadRefused
from schoolops.queues.ledger.deaths import Suspect, report_dead_process
from schoolops.queues.management.commands.dead_letters import AtTheTerminal
from schoolops.queues.models import DeadLetter, OperatorAction
from schoolops.queues.registry import QUEUES
from schoolops.tenancy import owner
from schoolops.tenancy.errors import OutcomeUnknown, outage_of
from schoolops.tenancy.models import SupportGrant
from tests.chaos.processes import wait_until
from tests.queues.ground import Ledger

works = {"now": False}


@task(queue=FEES, name="test.charge")
def charge(*, amount: int) -> None:
    if not works["now"]:
        raise RuntimeError(f"the bank is closed <b>{amount}</b>")


@task(queue=IMPORTS, name="test.read", tracked=True)
def read(*, sheet: str) -> None:
    raise KeyError(sheet)


@pytest.fixture
def letters(ledger: Ledger) -> Iterator[list[int]]:
    """Two letters of fees and one of imports."""
    works["now"] = False
    jobs = [ledger.enqueue(charge, amount=1), ledger.enqueue(charge, amount=2), ledger.enqueue(read, sheet="a")]
    for _ in range(3):
        ledger.make_due()
        ledger.run()
    assert [letter.pk for letter in ledger.letters()] == jobs
    yield jobs
    ledger.sql("DELETE FROM accounts_user WHERE username = 'operator'")


def command(*arguments: str) -> str:
    out = StringIO()
    with outside_schools():
        call_command("dead_letters", *arguments, stdout=out)
    return out.getvalue()


def test_a_list_by_queue_school_task_and_error(ledger: Ledger, letters: list[int]) -> None:
    assert "3 dead letters" in command("list")
    assert "2 dead letters" in command("list", "--queue", "fees", "--school", ledger.school.slug)
    assert "1 dead letters" in command("list", "--task", "test.read")
    assert "2 dead letters" in command("list", "--error", "bank is closed")
    assert "0 dead letters" in command("list", "--school", "elm")
    assert "3 dead letters" in command("list", "--reason", "exhausted")


def test_the_queues_are_listed_by_name_or_without(ledger: Ledger) -> None:
    said = []
    for act in ([], ["list"]):
        out = StringIO()
        with outside_schools():
            call_command("queues", *act, stdout=out)
        said.append(out.getvalue())
    assert all([line.split()[0] for line in each.splitlines()[2:]] == list(QUEUES) for each in said)


def test_showing_one_shows_the_shape_of_its_payload_and_every_try(ledger: Ledger, letters: list[int]) -> None:
    shown = command("show", str(letters[0]))
    assert '{"amount": "number"}' in shown
    assert shown.count("Traceback (most recent call last)") == 3
    with pytest.raises(CommandError, match="no dead letter"):
        command("show", "999999999")


def test_a_terminal_does_not_obey_what_a_job_says(ledger: Ledger, letters: list[int]) -> None:
    """An error may quote what a stranger typed."""
    evil = "\x1b[2J\x1b]0;owned\x07\x9b31m"
    ledger.sql("UPDATE queues_deadletter SET error = %s WHERE id = %s", evil, letters[0])
    ledger.sql("UPDATE queues_attempt SET traceback = %s WHERE job_id = %s", f"Traceback\n{evil}", letters[0])
    shown = command("list") + command("show", str(letters[0]))
    assert "?[2J?]0;owned??31m" in shown
    assert not set("\x1b\x07\x9b") & set(shown)


def test_a_dry_run_changes_nothing(ledger: Ledger, letters: list[int]) -> None:
    assert "2 dead letters would" in command("retry", "--queue", "fees", "--dry-run")
    assert "1 dead letters would" in command("discard", str(letters[0]), "--why", "x", "--dry-run")
    assert len(ledger.letters()) == 3
    assert ledger.jobs() == []


def test_nothing_is_retried_that_was_not_named(ledger: Ledger, letters: list[int]) -> None:
    with pytest.raises(CommandError, match="--all"):
        command("retry")
    with pytest.raises(CommandError, match="no dead letter 999999999"):
        command("retry", "999999999")
    assert len(ledger.letters()) == 3


def test_a_retried_job_keeps_its_id_and_has_all_its_tries(ledger: Ledger, letters: list[int]) -> None:
    command("retry", "--queue", "fees")
    assert [(job.pk, job.attempts - job.spent, job.crashes) for job in ledger.jobs()] == [
        (letters[0], 0, 0),
        (letters[1], 0, 0),
    ]
    works["now"] = True
    ledger.run()
    assert ledger.jobs() == []
    assert [letter.pk for letter in ledger.letters()] == [letters[2]]


def test_tries_go_on_counting_when_a_letter_comes_back(ledger: Ledger, letters: list[int]) -> None:
    for _ in range(2):
        command("retry", str(letters[0]))
        for _ in range(3):
            ledger.make_due()
            ledger.run()
    [letter] = [each for each in ledger.letters() if each.pk == letters[0]]
    assert letter.attempts == 9
    assert [each.number for each in ledger.attempts() if each.job_id == letters[0]] == list(range(1, 10))
    shown = command("show", str(letters[0]))
    assert "tries     9, crashes 0" in shown
    assert [f"try {number} at" in shown for number in (1, 5, 9, 10)] == [True, True, True, False]


def test_what_took_processes_down_comes_back_as_a_suspect(ledger: Ledger, letters: list[int]) -> None:
    """Sent back twice as well: it runs alone, and what runs beside others there is not taken down by it again."""
    ledger.sql("UPDATE queues_deadletter SET reason = 'poison', crashes = 3 WHERE id = %s", letters[0])
    for _ in range(2):
        command("retry", str(letters[0]))
        [job] = ledger.jobs()
        assert job.crashes == 1
        died = [Suspect(job.pk, False, time.monotonic_ns() + n) for n in range(2)]
        for each in died:
            report_dead_process([each], worker="w")
        [letter] = [each for each in ledger.letters() if each.pk == letters[0]]
        assert (letter.reason, letter.crashes) == ("poison", 3)


def test_pressing_retry_twice_is_safe(ledger: Ledger, letters: list[int]) -> None:
    with outside_schools():
        assert desk.retry([letters[0]], by=AtTheTerminal()) == 1
        assert desk.retry([letters[0]], by=AtTheTerminal()) == 0
    assert [job.pk for job in ledger.jobs()] == [letters[0]]


@pytest.mark.parametrize("second", ["retry", "discard"])
def test_what_two_do_with_one_letter_at_once_only_one_has_done(ledger: Ledger, letters: list[int], second: str) -> None:
    """Both stand before the same row when it is let go."""
    olga = AtTheTerminal()
    acts: dict[str, Callable[[], int]] = {
        "retry": lambda: desk.retry([letters[0]], by=olga),
        "discard": lambda: desk.discard([letters[0]], by=olga, reason="paid in cash"),
    }
    done: list[int] = []

    def act(what: str) -> None:
        with outside_schools():
            done.append(acts[what]())
        connection.close()

    threads = [threading.Thread(target=act, args=(what,)) for what in ("retry", second)]
    with outside_schools(), transaction.atomic():
        DeadLetter.objects.select_for_update().get(pk=letters[0])
        for each in threads:
            each.start()
        assert wait_until(lambda: waiting_for_a_row() == 2, 60.0)
    for each in threads:
        each.join()
    assert sum(done) == 1
    jobs, kept = len(ledger.jobs()), [each.discarded_at for each in ledger.letters() if each.pk == letters[0]]
    assert (jobs, kept) == (1, []) or (jobs == 0 and kept[0] is not None)
    with outside_schools():
        assert OperatorAction.objects.count() == 1


def waiting_for_a_row() -> int:
    with owner.owner_connection() as owning:
        found = owning.execute(
            "SELECT count(DISTINCT l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE NOT l.granted AND a.datname = current_database()"
        ).fetchone()
    return int(found[0]) if found else 0


def test_a_rate_spreads_the_retries(ledger: Ledger, letters: list[int]) -> None:
    pauses: list[float] = []
    with outside_schools():
        desk.retry(letters, by=AtTheTerminal(), rate=4, sleep=pauses.append)
    assert pauses == [0.25, 0.25]


def test_discarding_needs_a_reason_and_keeps_the_letter(ledger: Ledger, letters: list[int]) -> None:
    with outside_schools(), pytest.raises(desk.ReasonMissing):
        desk.discard([letters[0]], by=AtTheTerminal(), reason=" ")
    command("discard", str(letters[0]), "--why", "paid in cash")
    kept = ledger.letters()[0]
    assert (kept.discard_reason, kept.discarded_at is not None) == ("paid in cash", True)
    assert "2 dead letters" in command("list")


def test_a_reason_is_kept_whole_or_refused_with_its_length(ledger: Ledger, letters: list[int]) -> None:
    for act in ("retry", "discard"):
        with pytest.raises(CommandError, match=r"reason \(500\)"):
            command(act, str(letters[0]), "--why", "a" * 501)
    with outside_schools():
        assert not OperatorAction.objects.exists()
    command("retry", str(letters[0]), "--why", "a" * 500)
    command("discard", str(letters[1]), "--why", "a" * 500)
    with outside_schools():
        assert [action.reason for action in OperatorAction.objects.all()] == ["a" * 500] * 2


def test_an_edited_payload_is_checked_and_audited(ledger: Ledger, letters: list[int]) -> None:
    with outside_schools():
        with pytest.raises(PayloadRefused):
            desk.edit_payload(letters[0], payload={"amount": "much"}, by=AtTheTerminal())
        with pytest.raises(PayloadRefused):
            desk.edit_payload(letters[0], payload={"amount": 1, "school": "elm"}, by=AtTheTerminal())
        desk.edit_payload(letters[0], payload={"amount": 5}, by=AtTheTerminal(), why="typing error")
        for text in ("a\0b", "\ud800"):
            with pytest.raises(PayloadRefused):
                desk.edit_payload(letters[2], payload={"sheet": text}, by=AtTheTerminal())
        with pytest.raises(LetterNotFound):
            desk.edit_payload(1, payload={"amount": 5}, by=AtTheTerminal())
        action = OperatorAction.objects.get(action="payload edited")
    assert action.facts == {"changed": ["amount"]}
    assert (action.job_id, action.school, action.reason) == (letters[0], ledger.school.slug, "typing error")
    assert ledger.letters()[0].payload == {"amount": 5}


def test_a_paused_queue_says_who_paused_it(ledger: Ledger) -> None:
    out = StringIO()
    with outside_schools():
        call_command("queues", "pause", "fees", "--why", "the bank is closed", stdout=out)
        call_command("queues", stdout=out)
        call_command("queues", "resume", "fees", stdout=out)
        assert [each.action for each in OperatorAction.objects.order_by("id")] == ["paused", "resumed"]
    assert "paused" in out.getvalue()


# --- the admin --------------------------------------------------------------------------------------------------------
@pytest.fixture
def operator(ledger: Ledger, letters: list[int]) -> Client:
    browser = Client(raise_request_exception=False, headers={"host": "localhost"})
    with outside_schools():
        user = User.objects.create(username="operator", given_name="Olga", password="!")
        browser.force_login(user)
    return browser


@pytest.fixture
def let_in(ledger: Ledger, operator: Client) -> None:
    """The school has let the operator in, for an hour."""
    with outside_schools():
        SupportGrant.objects.create(
            school=ledger.school,
            operator_id=User.objects.get(username="operator").sourced_id,
            operator="operator",
            reason="a charge that does not go through",
            starts_at=clock.now(),
            ends_at=clock.now() + dt.timedelta(hours=1),
        )


def post(browser: Client, path: str, **data: Any) -> Any:
    return browser.post(path, data, follow=True)


def test_operators_see_letters_with_traceback_and_payload(operator: Client, letters: list[int]) -> None:
    start = operator.get("/operators/")
    assert start.status_code == 200
    assert 'id="firing-alerts"' in start.content.decode()
    listing = operator.get("/operators/queues/deadletter/", {"queue": "fees"})
    assert listing.content.count(b"field-task") == 2
    page = operator.get(f"/operators/queues/deadletter/{letters[0]}/change/").content.decode()
    assert "Traceback (most recent call last)" in page
    assert "&lt;b&gt;1&lt;/b&gt;" in page, "what a job says is shown as text"
    assert "<b>1</b>" not in page


def test_operators_retry_and_discard_many_at_once(ledger: Ledger, operator: Client, letters: list[int]) -> None:
    path = "/operators/queues/deadletter/"
    post(operator, path, action="discard", _selected_action=[letters[2]], reason="")
    assert not any(letter.discarded_at for letter in ledger.letters())
    post(operator, path, action="discard", _selected_action=[letters[2]], reason="no such sheet")
    post(operator, path, action="send_back", _selected_action=letters[:2])
    assert [job.pk for job in ledger.jobs()] == letters[:2]
    [left] = ledger.letters()
    assert left.discarded_by == "Olga"
    with outside_schools():
        assert {action.by for action in OperatorAction.objects.all()} == {"Olga"}


def test_operators_read_the_shape_of_a_payload_until_the_school_lets_them_in(
    ledger: Ledger, operator: Client, letters: list[int]
) -> None:
    for address in ("deadletter", "job"):
        key = letters[2] if address == "deadletter" else ledger.enqueue(read, sheet="a-child")
        page = operator.get(f"/operators/queues/{address}/{key}/change/").content.decode()
        assert "sheet" in page, address
        assert "a-child" not in page, address
        assert 'name="payload"' not in page, address
    path = f"/operators/queues/deadletter/{letters[0]}/change/"
    assert post(operator, path, payload='{"amount": 7}', why="").status_code == 403
    with outside_schools():
        grant = SupportGrant(
            school=ledger.school,
            operator_id=User.objects.get(username="operator").sourced_id,
            operator="operator",
            reason="a charge",
            starts_at=clock.now() - dt.timedelta(hours=2),
            ends_at=clock.now() - dt.timedelta(hours=1),
        )
        # Over, taken back, of another operator, to begin: none of them opens anything.
        for other in (
            {},
            {"ends_at": clock.now() + dt.timedelta(hours=1), "revoked_at": clock.now()},
            {"revoked_at": None, "operator_id": uuid7()},
            {"operator_id": grant.operator_id, "starts_at": clock.now() + dt.timedelta(minutes=30)},
        ):
            for name, value in other.items():
                setattr(grant, name, value)
            grant.save()
            by = User.objects.get(username="operator")
            assert not desk.reads_values(ledger.school.slug, by)
        grant.starts_at = clock.now()
        grant.save()
        assert desk.reads_values(ledger.school.slug, by)
        assert not desk.reads_values("elm", by)
    assert 'name="payload"' in operator.get(path).content.decode()


@pytest.mark.usefixtures("let_in")
def test_operators_edit_a_payload_and_nothing_else(ledger: Ledger, operator: Client, letters: list[int]) -> None:
    path = f"/operators/queues/deadletter/{letters[0]}/change/"
    refused = post(operator, path, payload='{"amount": "much"}', why="")
    assert b"amount: " in refused.content
    for odd in ('[{"amount": 1}]', "7", "null", "no JSON", '{"amount": NaN}', '{"amount": 1, "school": "elm"}'):
        answer = post(operator, path, payload=odd, why="")
        assert (answer.status_code, ledger.letters()[0].payload) == (200, {"amount": 1}), odd
    post(operator, path, payload='{"amount": 7}', why="typing error", school="elm", task="test.read")
    letter = ledger.letters()[0]
    assert (letter.payload, letter.school, letter.task) == ({"amount": 7}, ledger.school.slug, "test.charge")
    history = operator.get(f"/operators/queues/deadletter/{letters[0]}/history/", follow=True)
    assert b"typing error" in history.content


def test_nobody_else_comes_in(ledger: Ledger, operator: Client, letters: list[int]) -> None:
    stranger = Client(raise_request_exception=False, headers={"host": "localhost"})
    assert stranger.get("/operators/queues/deadletter/").status_code == 302
    at_a_school = Client(raise_request_exception=False, headers={"host": f"{ledger.school.slug}.localhost"})
    at_a_school.cookies = operator.cookies
    assert at_a_school.get("/operators/").status_code == 404
    with outside_schools():
        User.objects.filter(username="operator").update(is_active=False)
    assert operator.get("/operators/queues/deadletter/").status_code == 302
    with outside_schools():
        assert DeadLetter.objects.count() == 3


def test_what_went_back_before_the_database_was_lost_is_not_called_undone(letters: list[int]) -> None:
    kept = context.Kept()
    token = context.kept.set(kept)
    try:
        with outside_schools():
            desk.retry([letters[0]], by=AtTheTerminal())
        assert isinstance(outage_of(OperationalError("lost")), OutcomeUnknown)
    finally:
        context.kept.reset(token)
