"""No page shows the key or id of a row, and whatever people typed is text there: each page of the office that can be
reached by links, each of an admin, and a family's."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from apps.accounts.models import User
from apps.examinations.models import RemarkPhrase
from apps.exchange.models import Import, ImportRow
from apps.fees.models import BankLine, BankStatement
from apps.notifications.models import Message
from apps.office.models import SavedFilter
from apps.office.shell.site import office as site
from apps.students.models import Guardian, Student, StudentGuardian
from schoolops import clock
from schoolops.tenancy import direct
from schoolops.tenancy.models import School
from tests.api.addresses import pages
from tests.factories import people
from tests.factories.crawled import Page, crawled, pages_of_admins
from tests.factories.full import fill, papers_and_messages
from tests.factories.marked import RAW, SHOWN, marked
from tests.factories.people import Campus

Office = Callable[..., Any]
# Numbers that nothing else on a page has: the sequences begin here.
FIRST = 731_000_000
A_KEY = re.compile(r"\b731\d{6}\b|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
WRITTEN = re.compile(r"<(script|style|template)\b.*?</\1>|<[^>]*>", re.DOTALL)
SPOKEN = re.compile(r"""\b(?:title|placeholder|alt|aria-label)=(?:"([^"]*)"|'([^']*)')""")
# Who reads one entry of the trail to the end finds the request in the log by its id, which is on that page alone.
BY_ID = re.compile(r"/office/audit/auditentry/\d+/")

FAMILY = (
    "", "attendance/", "timetable/", "exams/", "marks/", "report-cards/", "bills/", "leave/", "looked/", "calendar/",
)  # fmt: skip
# What the database lets nobody change: bills and their lines say what guardians and items are called, which is marked
# before. A version of a scale is the seeds'; a session has a reason once it is cancelled; a gateway's name is its code.
STAYS = {
    "examinations.GradingScale", "examinations.ExamSession.cancelled_reason", "fees.Invoice", "fees.InvoiceLine",
    "fees.CardGateway.name",
}  # fmt: skip
SEEN = 65


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


@dataclass(frozen=True, slots=True)
class Opened:
    """Pages of who may see everything, of a teacher, and of a guardian; and which columns are marked in them."""

    office: list[Page]
    rolls: list[Page]
    family: list[Page]
    columns: dict[int, str]


def _what_comes_from_elsewhere(campus: Campus, by: User) -> None:
    """A bank's line, a row of a file, a text that was sent, and what somebody keeps for themselves."""
    now, day = clock.now(), people.SCHOOL_DAY
    at = {"institution": campus.institution}
    sent = BankStatement.objects.create(
        **at, file="x", file_name="bank", sha256="x", by=by, received_at=now, state="read"
    )
    BankLine.objects.create(**at, statement=sent, key="x", row=2, day=day, amount=1, currency="EUR", payer="Rick")
    ImportRow.objects.create(
        run=Import.objects.latest("pk"), file="autumn.csv", row=2, kind="student", key="1", name="Al"
    )
    Message.objects.create(
        fact="attendance.absent", key="x", channel="sms", state="failed", due_at=now, made_at=now, text="Away",
        guardian=Guardian.objects.latest("pk"), institution=campus.institution,
    )  # fmt: skip
    RemarkPhrase.objects.create(text="Fine.")
    SavedFilter.objects.create(user=by, listed="students.Student", name="Mine", query="q=a")


# By who asks for them first: it takes as long as everything else here.
_opened: list[Opened] = []


@pytest.fixture
def opened(in_oak: School, office: Office, campus: Campus, erin: User, bob: User, carol: User) -> Opened:
    """Every page, where rows have keys that stand out and texts end like markup."""
    if _opened:
        return _opened[0]
    _begin_far_away(in_oak)
    fill(campus, 2, erin, "C<s0>'\"")
    papers_and_messages(campus, erin)
    _what_comes_from_elsewhere(campus, erin)
    columns = marked(but=STAYS)
    # Whoever a restriction is noted of is kept away.
    StudentGuardian.objects.filter(guardian__user=carol).update(restriction_note="")
    child = people.students_in(campus.section)[0].sourced_id
    own = ["/family/", "/family/messages/", "/family/contact/"]
    own += [f"/family/children/{child}/{each}" for each in FAMILY]
    asked = [(each, office(carol).get(each)) for each in own]
    _opened.append(
        Opened(
            crawled(office(erin), [*pages_of_admins(site, every=True), "/office/", "/roll/"]),
            crawled(office(bob), ["/roll/"]),
            [Page(address, "", answer.status_code, answer.content.decode()) for address, answer in asked],
            columns,
        )
    )
    return _opened[0]


def test_every_page_opens_and_says_names_where_rows_have_keys(opened: Opened) -> None:
    assert {each.address: each.status for each in (*opened.office, *opened.family) if each.status != 200} == {}
    keys = {
        each.address: said for each in opened.office if (said := _keys_on(each.page)) and not BY_ID.match(each.address)
    }
    assert keys == {}
    keys = {each.address: said for each in opened.rolls if (said := _keys_on(each.page))}
    assert keys == {}
    # Most of the office can be come to by links; what cannot, such as a bill's undoing, is posted to or has none here.
    reached = {each.route for each in (*opened.office, *opened.rolls)} & set(pages())
    assert len(reached) > 80, sorted(set(pages()) - reached)


def test_no_name_is_markup(opened: Opened) -> None:
    found = [*opened.office, *opened.rolls, *opened.family]
    raw = {each.address: RAW.findall(each.page) for each in found if RAW.search(each.page)}
    assert raw == {}
    seen = {int(number) for each in found for number in SHOWN.findall(each.page)}
    assert len(seen) >= SEEN, [name for number, name in opened.columns.items() if number not in seen]


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


def test_markup_is_found_where_it_stands_and_where_it_ends_an_attribute() -> None:
    """A script says its texts as JSON, which is neither."""
    assert RAW.findall("<b>C<s1>'\"</b>") == ["<s1>"]
    assert RAW.findall("<b title='C&lt;s1&gt;''>") == ["&lt;s1&gt;'"]
    assert RAW.findall('<b title="C&lt;s1&gt;&#x27;&quot;">C&lt;s1&gt;</b><script>"C\\u003Cs1\\u003E\'"</script>') == []
