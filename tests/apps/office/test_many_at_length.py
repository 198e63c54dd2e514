"""More rows than one request changes are changed by a worker: each once, and one reads what became of it."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.access.errors import BeyondYou
from apps.access.models import Role
from apps.accounts.models import User
from apps.accounts.services import deactivate_user
from apps.office.models import ListChange
from apps.office.shell import at_length, many_pages
from apps.office.tasks import change_list, clear_old_changes
from apps.students.models import Guardian, StudentGuardian
from apps.students.services import change_guardian
from schoolops import clock
from schoolops.audit.models import AuditEntry
from schoolops.context import outside_schools
from schoolops.queues.errors import LedgerFull
from schoolops.queues.models import Job
from tests.factories import people
from tests.factories.jobs import waiting_jobs, work_off
from tests.factories.people import Campus

Office = Callable[..., Any]
GUARDIANS = "/office/students/guardian/"


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many_pages, "MOST", 3)
    monkeypatch.setattr(at_length, "A_LOT", 2)


@pytest.fixture
def dave(campus: Campus) -> User:
    return people.a_user("dave", role="registrar")


@pytest.fixture
def mothers(campus: Campus) -> list[Guardian]:
    """Five guardians; the last has Arabic already."""
    for number, child in enumerate(people.students_in(campus.section)[:5]):
        guardian = Guardian.objects.create(given_name=f"G{number}", language="ar" if number == 4 else "en")
        StudentGuardian.objects.create(student=child, guardian=guardian, contact_priority=9)
    return list(Guardian.objects.filter(given_name__startswith="G").order_by("pk"))


def begun(office: Office, by: User) -> str:
    """Where the change of all that the filter shows is asked about."""
    answer = office(by).post(f"{GUARDIANS}many/?q=G", {"all": "1"})
    assert answer.status_code == 302, answer.content
    return str(answer["Location"])


def confirmed(office: Office, by: User, **said: Any) -> str:
    address = begun(office, by)
    assert office(by).post(address, {"step": "apply", **said}).status_code == 302
    return address


def languages() -> list[str]:
    return [*Guardian.objects.filter(given_name__startswith="G").order_by("pk").values_list("language", flat=True)]


def test_it_is_asked_looked_at_confirmed_and_done_by_a_worker(office: Office, dave: User, mothers: Any) -> None:
    address = begun(office, dave)
    assert "5 rows are to change" in office(dave).get(address).content.decode()
    said = {"language": "ar", "reason": "Asked on the phone"}
    page = office(dave).post(address, {"step": "look", **said}).content.decode()
    assert "4 would change, 1 are so already, 0 are left out." in page
    assert "Change all 5 rows" in page
    assert languages() == ["en"] * 4 + ["ar"]
    assert office(dave).post(address, {"step": "apply", **said}).status_code == 302
    assert "0 of 5 rows" in office(dave).get(address).content.decode()
    work_off(change_list)
    page = office(dave).get(address).content.decode()
    assert "Changed: 4" in page
    assert "Was so already: 1" in page
    assert languages() == ["ar"] * 5
    lines = AuditEntry.objects.filter(action="students.guardian-changed")
    assert [line.reason for line in lines] == ["Asked on the phone"] * 4
    (line,) = AuditEntry.objects.filter(action="office.list-changed")
    assert line.after["changed"] == 4
    # What was said of people is not kept beside what became of them.
    assert ListChange.objects.get().sent == {}


def test_it_goes_on_where_it_was_killed_and_changes_each_row_once(
    office: Office, dave: User, mothers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed(office, dave, language="ar")
    (job,) = waiting_jobs("change_list")
    as_it_is, lots = at_length._done, []

    def killed_in_the_second_lot(*arguments: Any) -> Any:
        lots.append(arguments)
        became = as_it_is(*arguments)
        if len(lots) == 2:
            raise SystemExit
        return became

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(at_length, "_done", killed_in_the_second_lot)
        with pytest.raises(SystemExit):
            at_length.make(job["change"])
    assert languages() == ["ar", "ar", "en", "en", "ar"]
    work_off(change_list)
    assert languages() == ["ar"] * 5
    lines = AuditEntry.objects.filter(action="students.guardian-changed").values_list("object_id", flat=True)
    assert len({*lines}) == len(lines) == 4


def test_a_job_that_used_its_time_leaves_the_rest_to_another(
    office: Office, dave: User, mothers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed(office, dave, language="ar")
    change = ListChange.objects.get()
    with outside_schools():
        # As a worker ends a job: with what the job left to be done.
        Job.objects.filter(task=change_list.name).delete()
    with monkeypatch.context() as hurried:
        hurried.setattr(at_length, "A_JOB_S", -1.0)
        assert at_length.make(change.pk)["changed"] == 2
    assert languages() == ["ar", "ar", "en", "en", "ar"]
    assert waiting_jobs("change_list") == [{"change": change.pk}]
    work_off(change_list)
    assert languages() == ["ar"] * 5
    change.refresh_from_db()
    assert change.state == "done"


def test_who_was_changed_meanwhile_or_is_gone_is_left_out_and_named(
    office: Office, dave: User, mothers: list[Guardian]
) -> None:
    address = confirmed(office, dave, language="ar")
    change_guardian(guardian=mothers[0], fields={"language": "fr"}, expected_version=None, by=dave)
    StudentGuardian.objects.filter(guardian=mothers[1]).delete()
    mothers[1].delete()
    work_off(change_list)
    page = office(dave).get(f"{address}?outcome=refused").content.decode()
    assert "Somebody changed this after you looked." in page
    assert "Left out: 1" in page
    assert "No longer there, or not yours: 1" in page
    assert languages() == ["fr", "ar", "ar", "ar"]


def test_who_may_not_any_more_changes_nothing(office: Office, dave: User, mothers: Any) -> None:
    confirmed(office, dave, language="ar")
    Role.objects.get(code="registrar").permissions.filter(permission="guardians.manage").delete()
    work_off(change_list)
    assert languages() == ["en"] * 4 + ["ar"]


def test_what_somebody_else_began_is_nobodys_page(office: Office, dave: User, mothers: Any) -> None:
    address = begun(office, dave)
    assert office(people.a_user("rita", role="registrar")).get(address).status_code == 404


def test_confirming_twice_is_confirming_once(office: Office, dave: User, mothers: Any) -> None:
    address = confirmed(office, dave, language="ar")
    office(dave).post(address, {"step": "apply", "language": "fr"})
    assert len(waiting_jobs("change_list")) == 1
    work_off(change_list)
    assert languages() == ["ar"] * 5


def test_what_is_said_of_nothing_is_asked_for_again(office: Office, dave: User, mothers: Any) -> None:
    address = begun(office, dave)
    answer = office(dave).post(address, {"step": "apply"})
    assert answer.status_code == 422
    assert "Say what is to change." in answer.content.decode()


def test_a_lot_costs_the_same_for_one_row_and_for_four(
    office: Office, dave: User, mothers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cost(lot: int, language: str) -> int:
        monkeypatch.setattr(at_length, "A_LOT", lot)
        confirmed(office, dave, language=language)
        change = ListChange.objects.latest("pk")
        with CaptureQueriesContext(connection) as counted:
            at_length._some(change.pk)
        return len(counted)

    # What a person may do is remembered from the first.
    cost(2, "de")
    assert cost(1, "fr") == cost(4, "ar")


def test_what_is_away_is_waited_for_and_is_no_rows_outcome(
    office: Office, dave: User, mothers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed(office, dave, language="ar")

    def away(_act: Any) -> Any:
        raise LedgerFull

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(at_length.many.Act, "done", away)
        with pytest.raises(LedgerFull):
            at_length.make(ListChange.objects.get().pk)
    assert ListChange.objects.get().outcomes == {}
    work_off(change_list)
    assert languages() == ["ar"] * 5


def test_whose_login_is_ended_meanwhile_changes_nothing_more(
    office: Office, dave: User, mothers: Any, campus: Campus
) -> None:
    confirmed(office, dave, language="ar")
    deactivate_user(user=dave, reason="Left", by=people.a_user("erin", role="administrator"))
    work_off(change_list)
    assert languages() == ["en"] * 4 + ["ar"]


def test_what_is_kept_does_not_name_the_row(dave: User) -> None:
    kept = at_length._kept(BeyondYou(name=str(dave)), dave)
    assert str(dave) not in json.dumps(kept)
    assert at_length.in_words(kept, "–").startswith("–")
    assert at_length.in_words(kept, "Dave").startswith("Dave")


def test_what_was_begun_a_month_ago_is_forgotten_at_night(office: Office, dave: User, mothers: Any) -> None:
    begun(office, dave)
    ListChange.objects.update(begun_at=clock.now() - dt.timedelta(days=31))
    begun(office, dave)
    clear_old_changes()
    assert ListChange.objects.count() == 1


def test_all_of_them_are_looked_at_page_by_page_before_it_is_confirmed(
    office: Office, dave: User, mothers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many_pages, "LOOKED_AT", 2)
    address = begun(office, dave)
    pages = [
        office(dave).post(address, {"page": str(number), "language": "ar"}).content.decode() for number in (1, 2, 3)
    ]
    told = [re.findall(r'<th scope="row">(G\d)</th>', page) for page in pages]
    assert told == [["G0", "G1"], ["G2", "G3"], ["G4"]]
    assert "These are rows 3 to 4 of 5." in pages[1]
    assert "0 would change, 1 are so already, 0 are left out." in pages[2]
    assert "Change all 5 rows" in pages[2]
    assert languages() == ["en"] * 4 + ["ar"]


def test_it_is_found_again_from_its_list_and_while_it_runs_from_the_start_page(
    office: Office, dave: User, mothers: Any
) -> None:
    address = confirmed(office, dave, language="ar")
    begun_at = "/office/changes/"
    assert f'href="{begun_at}"' in office(dave).get(GUARDIANS).content.decode()
    assert f'href="{begun_at}"' in office(dave).get("/office/").content.decode()
    page = office(dave).get(begun_at).content.decode()
    assert f'<a href="{address}">Guardians</a>' in page
    assert "0 of 5" in page
    work_off(change_list)
    assert "5 of 5" in office(dave).get(begun_at).content.decode()
    assert f'href="{begun_at}"' not in office(dave).get("/office/").content.decode()
    assert address not in office(people.a_user("ann", role="registrar")).get(begun_at).content.decode()
