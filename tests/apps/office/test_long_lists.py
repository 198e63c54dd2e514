"""A long list is printed by a worker, kept for a day for whoever asked, and fetched with what they may see by then."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.access.errors import PermissionMissing
from apps.access.models import RoleAssignment
from apps.accounts.models import User
from apps.reports import services, tasks
from apps.reports.services import printing
from apps.staff.models import TeachingAssignment
from schoolops import clock, context
from schoolops.audit.models import AuditEntry
from schoolops.context import current_school
from tests.apps.office.test_printed_lists import read
from tests.factories.jobs import waiting_jobs, work_off
from tests.factories.people import SCHOOL_DAY, Campus

Office = Callable[..., Any]


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the school's files are. A list of two sections is a long one here."""
    settings.MEDIA_ROOT = tmp_path / "media"
    monkeypatch.setattr(printing, "LONG", 12)
    return tmp_path / "media"


def ask(by: User, kind: str = "class", language: str = "en") -> int:
    """As a request of ``by`` does."""
    token = context.user_id.set(by.audit_id)
    try:
        return services.ask_for_list(kind=kind, day=SCHOOL_DAY, sections=(), language=language, by=by)
    finally:
        context.user_id.reset(token)


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_the_office_waits_on_a_page_and_fetches_the_list_there(office: Office, dave: User, campus: Campus) -> None:
    answer = office(dave).get("/office/lists/emergency.pdf")
    assert answer.status_code == 302
    address = answer["Location"]
    assert 'aria-labelledby="state"></progress>' in office(dave).get(address).content.decode()
    assert f'<a href="{address}">Printing a list</a>' in office(dave).get("/office/").content.decode()
    assert office(dave).get(f"{address[:-1]}.pdf").status_code == 409
    (job,) = work_off(tasks.print_list)
    assert f'href="{address[:-1]}.pdf"' in office(dave).get(address).content.decode()
    fetched = office(dave).get(f"/office/lists/printed/{job}.pdf")
    assert fetched["Content-Type"] == "application/pdf"
    assert fetched["Cache-Control"].startswith("private, no-store")
    assert len(read(fetched.content)) == len(campus.sections)
    assert "emergency-2026-11-04.pdf" in fetched["Content-Disposition"]


def test_a_section_of_a_long_school_is_still_printed_at_once(office: Office, alice: User, campus: Campus) -> None:
    answer = office(alice).get("/office/lists/class.pdf", {"section": [str(campus.section.sourced_id)]})
    assert answer["Content-Type"] == "application/pdf"
    assert waiting_jobs("print_list") == []


def test_the_same_list_is_in_work_once_and_in_each_readers_language(dave: User, alice: User, campus: Campus) -> None:
    first = ask(dave)
    assert ask(dave) == first
    assert len({first, ask(dave, "sign-in"), ask(alice)}) == 3
    arabic = ask(dave, language="ar")
    work_off(tasks.print_list)
    assert "Class list" in read(services.kept_list(first, by=dave).content)[0]
    assert "Class list" not in read(services.kept_list(arabic, by=dave).content)[0]


def test_a_program_asks_waits_and_fetches(at_oak: Any, dave: User, campus: Campus) -> None:
    program = at_oak(dave)
    answer = program.post("printed-lists", {"kind": "sign-in", "section_ids": [str(campus.section.sourced_id)]})
    job, address = answer.json()["job_id"], answer["Location"].removeprefix("/api/v1/")
    assert (answer.status_code, address) == (202, f"printed-lists/{job}")
    assert refusal(program.get(address)) == (409, "reports:list-not-ready")
    work_off(tasks.print_list)
    done = program.get(f"jobs/{job}").json()
    assert (done["state"], done["result"]) == ("done", {"kind": "sign-in", "day": SCHOOL_DAY.isoformat()})
    assert "Sign-in sheet – Grade 7 B" in read(program.get(address).content)[0]


@pytest.mark.parametrize(
    "said", [{"kind": "x"}, {"kind": "class", "section_ids": ["x"]}, {"kind": "class", "day": "never"}]
)
def test_what_means_no_list_is_refused_before_it_is_a_job(at_oak: Any, dave: User, campus: Campus, said: Any) -> None:
    assert at_oak(dave).post("printed-lists", said).status_code == 422
    assert waiting_jobs("print_list") == []


def test_a_list_is_for_nobody_but_who_asked(at_oak: Any, dave: User, alice: User, campus: Campus) -> None:
    job = ask(dave)
    work_off(tasks.print_list)
    assert refusal(at_oak(alice).get(f"printed-lists/{job}")) == (404, "reports:list-not-found")


def _lose_a_role(user: User) -> None:
    RoleAssignment.objects.filter(user=user).delete()
    User.objects.filter(pk=user.pk).update(access_version=user.access_version + 1)


def _teach_no_longer(user: User) -> None:
    TeachingAssignment.objects.filter(staff__user=user).update(ends_on=SCHOOL_DAY)


def test_who_may_see_less_by_now_gets_nothing_of_what_was_printed(at_oak: Any, bob: User, campus: Campus) -> None:
    job = ask(bob)
    work_off(tasks.print_list)
    assert at_oak(bob).get(f"printed-lists/{job}").status_code == 200
    _teach_no_longer(bob)
    assert refusal(at_oak(bob).get(f"printed-lists/{job}")) == (409, "reports:list-no-longer-yours")
    _lose_a_role(bob)
    assert refusal(at_oak(bob).get(f"printed-lists/{job}")) == (403, "access:permission-missing")


def test_who_lost_a_permission_before_the_worker_came_is_printed_nothing(dave: User, campus: Campus) -> None:
    ask(dave, "emergency")
    _lose_a_role(dave)
    with pytest.raises(PermissionMissing):
        work_off(tasks.print_list)


def test_the_disk_shows_nothing_of_a_kept_list(dave: User, campus: Campus, media: Path) -> None:
    ask(dave)
    (job,) = work_off(tasks.print_list)
    content = (media / current_school().schema_name / "printed" / str(job)).read_bytes()
    assert b"%PDF" not in content
    assert services.kept_list(job, by=dave).content.startswith(b"%PDF")


def test_a_list_is_gone_after_a_day_and_not_before(at_oak: Any, dave: User, campus: Campus, media: Path) -> None:
    ask(dave)
    (job,) = work_off(tasks.print_list)
    assert tasks.clear_printed_lists() is None
    file = media / current_school().schema_name / "printed" / str(job)
    assert file.exists()
    old = (clock.now() - dt.timedelta(days=1, minutes=1)).timestamp()
    os.utime(file, (old, old))
    assert services.clear_printed_lists() == 1
    assert not file.exists()
    assert refusal(at_oak(dave).get(f"printed-lists/{job}")) == (404, "reports:list-not-found")


def test_the_trail_says_once_who_took_a_long_list(dave: User, campus: Campus) -> None:
    ask(dave)
    (job,) = work_off(tasks.print_list)
    services.kept_list(job, by=dave)
    entries = AuditEntry.objects.filter(action="office.list-printed")
    assert {each.actor_name for each in entries} == {dave.audit_name}
    assert entries.count() == len(campus.sections)
