"""No page of the office shows the key or id of a row: each that can be reached by links, and each of an admin."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from apps.accounts.models import User
from apps.office.shell.site import office as site
from apps.students.models import Student
from schoolops.tenancy import direct
from schoolops.tenancy.models import School
from tests.api.addresses import pages
from tests.factories import people
from tests.factories.crawled import crawled, pages_of_admins
from tests.factories.full import fill, papers_and_messages
from tests.factories.people import Campus

Office = Callable[..., Any]
# Numbers that nothing else on a page has: the sequences begin here.
FIRST = 731_000_000
A_KEY = re.compile(r"\b731\d{6}\b|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
WRITTEN = re.compile(r"<(script|style|template)\b.*?</\1>|<[^>]*>", re.DOTALL)
SPOKEN = re.compile(r"""\b(?:title|placeholder|alt|aria-label)=(?:"([^"]*)"|'([^']*)')""")
# Who reads one entry of the trail to the end finds the request in the log by its id, which is on that page alone.
BY_ID = re.compile(r"/office/audit/auditentry/\d+/")


def _begin_far_away(school: School) -> None:
    """Let rows that are written from now on have keys that stand out."""
    named = "SELECT format('%%I.%%I', schemaname, sequencename) FROM pg_sequences WHERE schemaname = %s"
    with direct.connect("a test", alias="admin", statement_s=60, lock_s=60) as owning:
        for (sequence,) in owning.execute(named, [school.schema_name]).fetchall():
            owning.execute("SELECT setval(%s, %s)", [sequence, FIRST])


def _keys_on(page: str) -> set[str]:
    """Keys of rows that somebody reads, or hears, on ``page``."""
    texts = [WRITTEN.sub(" ", page), *(a or b for a, b in SPOKEN.findall(page))]
    return {found for text in texts for found in A_KEY.findall(text)}


def test_every_page_opens_and_says_names_where_rows_have_keys(
    in_oak: School, office: Office, campus: Campus, erin: User, bob: User
) -> None:
    _begin_far_away(in_oak)
    fill(campus, 2, erin, "C")
    papers_and_messages(campus, erin)
    browser = office(erin)
    found = crawled(browser, [*pages_of_admins(site, every=True), "/office/", "/roll/"])
    assert {each.address: each.status for each in found if each.status != 200} == {}
    keys = {each.address: said for each in found if (said := _keys_on(each.page)) and not BY_ID.match(each.address)}
    assert keys == {}
    teachers = crawled(office(bob), ["/roll/"])
    keys = {each.address: said for each in teachers if (said := _keys_on(each.page))}
    assert keys == {}
    # Most of the office can be come to by links; what cannot, such as a bill's undoing, is posted to or has none here.
    reached = {each.route for each in (*found, *teachers)} & set(pages())
    assert len(reached) > 80, sorted(set(pages()) - reached)


def test_what_is_said_after_a_write_names_rows(in_oak: School, office: Office, campus: Campus, erin: User) -> None:
    """Messages: what a page says once after something was done."""
    _begin_far_away(in_oak)
    fill(campus, 2, erin, "C")
    browser = office(erin)
    student = Student.objects.order_by("pk").last()
    said = {"starts_on": people.SCHOOL_DAY.isoformat(), "ends_on": people.SCHOOL_DAY.isoformat(), "reason": "ill"}
    answer = browser.post("/office/attendance/leave/add/", {**said, "student": student.pk}, follow=True)
    assert _keys_on(answer.content.decode()) == set()


def test_a_key_is_found_wherever_it_is_read() -> None:
    assert _keys_on("<a href='/731000001/' title=\"Roll of 731000002\">731000003</a><script>731000004</script>") == {
        "731000002",
        "731000003",
    }
