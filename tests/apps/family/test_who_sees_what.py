"""Every page of the family, asked for as everybody for whom it could be: what each sees, and nothing else."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F
from django.urls import URLPattern, reverse

from apps.access.models import Role, RoleAssignment
from apps.accounts.models import User
from apps.attendance.models import AttendanceSession
from apps.attendance.selectors import marks_changed_in
from apps.attendance.services import enter_leave, request_leave
from apps.family.services import begin_seeing_as
from apps.family.urls import urlpatterns
from apps.fees.services import set_card_gateway
from apps.notifications.models import Announcement, Message
from apps.office.attendance.selectors.rolls import requested_leave
from apps.office.people.selectors.records import record_of
from apps.office.start.selectors.start import start_of, trend
from apps.students.models import FamilyItem, FamilyOpening, StudentGuardian
from schoolops import clock
from schoolops.context import inside
from schoolops.pdf import engine
from schoolops.tenancy.models import School
from tests.apps.family.household import Household
from tests.factories import people, rolls
from tests.factories.family_pages import ELSEWHERE, FREE, GUARDIANS, OPEN, OWN, PAPERS
from tests.factories.people import SCHOOL_DAY, Campus
from tests.factories.talking import Browser, Talk

Visit = Callable[..., Any]
BILLS = {"bills", "bill", "receipt", "statement"}


@pytest.fixture(autouse=True)
def _papers_of_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is handed a paper is asked here, and not what stands on it: making one costs more than all other pages."""
    monkeypatch.setattr(engine, "_compiler", lambda: SimpleNamespace(compile=lambda **_: b"%PDF-1.7"))


def addresses(child: Any, house: Household, *, bill: Any = None, receipt: Any = None) -> dict[str, str]:
    """Name → address of every page, of this child."""
    facts = {
        "child": child.sourced_id,
        "card": house.card.sourced_id,
        "invoice": (bill or house.bill).sourced_id,
        "payment": (receipt or house.receipt).sourced_id,
        "leave": house.note.sourced_id,
    }
    return {
        each.name: reverse(f"family:{each.name}", kwargs={name: facts[name] for name in each.pattern.converters})
        for each in urlpatterns
        if isinstance(each, URLPattern) and each.name and each.name not in ELSEWHERE
    }


def walked(browser: Any, pages: Mapping[str, str]) -> dict[str, int]:
    """Name → the status of each page."""
    return {name: browser.get(address).status_code for name, address in pages.items()}


def opened(statuses: Mapping[str, int]) -> set[str]:
    """The pages that are there; all others are not."""
    assert set(statuses.values()) <= {200, 404}
    return {name for name, status in statuses.items() if status == 200}


def test_everybody_sees_what_is_theirs_and_nothing_else(
    browser: Visit, household: Household, campus: Campus, bob: User, alice: User
) -> None:
    of_child, of_sibling = addresses(household.child, household), addresses(household.sibling, household)
    whole = OWN | FREE | GUARDIANS
    assert set(of_child) == whole
    father = addresses(household.child, household, bill=household.fathers_bill, receipt=household.fathers_receipt)
    pupil, sister = people.a_user("pupil", role="student"), people.a_user("sister", role="student")
    for student, user in ((household.child, pupil), (household.sibling, sister)):
        student.user = user
        student.save(update_fields=["user"])
    barred = people.a_guardian("barred", of=[household.child], restriction_note="Court order")
    unseeing = people.a_guardian("unseeing", of=[household.child], data_access=False)
    former = people.a_guardian("former", of=[household.child])
    StudentGuardian.objects.filter(guardian__user=former).delete()
    other = people.a_guardian("other", of=[people.students_in(campus.sections["7 B"])[1]])
    not_the_papers = whole - PAPERS
    table = {
        "guardian": (household.mother, of_child, whole),
        "guardian, of the sibling": (household.mother, of_sibling, not_the_papers),
        "guardian, the other’s bills": (household.mother, father, whole - {"bill", "receipt"}),
        "other guardian": (household.father, father, whole - {"attachment"}),
        "other guardian, the other’s bills": (household.father, of_child, whole - {"bill", "receipt", "attachment"}),
        "other guardian, of the sibling": (household.father, of_sibling, OWN),
        "restricted guardian": (barred, of_child, OWN),
        "guardian without access": (unseeing, of_child, OWN),
        "former guardian": (former, of_child, OWN),
        "another child’s guardian": (other, of_child, OWN),
        "student": (pupil, of_child, OPEN | FREE),
        "student, of the sibling": (pupil, of_sibling, OPEN),
        "sibling": (sister, of_child, OPEN),
        "teacher": (bob, of_child, {"manifest"}),
        "head": (alice, of_child, {"manifest"}),
        "login without a role": (people.a_user("nobody"), of_child, {"manifest"}),
    }
    seen = {who: opened(walked(browser(user), pages)) for who, (user, pages, _) in table.items()}
    assert seen == {who: expected for who, (_, _, expected) in table.items()}
    nowhere = addresses(type("Nobody", (), {"sourced_id": uuid.UUID(int=7)}), household)
    assert opened(walked(browser(household.mother), nowhere)) == OWN


def test_a_stranger_and_another_schools_guardian_are_sent_to_the_login(
    browser: Visit, household: Household, elm: School, client_for: Any
) -> None:
    pages = addresses(household.child, household)
    with inside(elm):
        people.a_school_year(name="Elm Campus")
        theirs = people.a_guardian("carol", of=people.some_students(1, institution=people.a_school_year().institution))
        at_elm = Browser(client_for(elm), theirs)
    assert at_elm.get("/family/").status_code == 200
    assert at_elm.get(pages["child"]).status_code == 404
    from_elm = browser()
    from_elm.client.cookies = at_elm.client.cookies
    for each in (browser(), from_elm):
        statuses = walked(each, pages)
        assert {name for name, status in statuses.items() if status == 200} == {"manifest"}
        assert set(statuses.values()) == {200, 302}
        assert each.get(pages["marks"])["Location"].startswith("/office/login/?next=%2Ffamily%2F")


def test_a_restriction_closes_everything_with_the_next_request(browser: Visit, household: Household) -> None:
    pages, of_mother = addresses(household.child, household), browser(household.mother)
    assert len(opened(walked(of_mother, pages))) > len(OWN)
    StudentGuardian.objects.filter(guardian__user=household.mother, student=household.child).update(
        restriction_note="Court order"
    )
    assert opened(walked(of_mother, pages)) == OWN
    home = of_mother.get("/family/").content.decode()
    assert household.sibling.full_name in home
    assert household.child.full_name not in home


@pytest.mark.parametrize(
    ("item", "pages"),
    [
        (FamilyItem.ATTENDANCE, {"attendance"}),
        (FamilyItem.TIMETABLE, {"timetable", "calendar"}),
        (FamilyItem.EXAMS, {"exams"}),
        (FamilyItem.MARKS, {"marks"}),
        (FamilyItem.CARDS, {"cards", "card"}),
        (FamilyItem.BILLS, BILLS),
        (FamilyItem.LEAVE, {"leave", "attachment"}),
        (FamilyItem.TRAIL, {"looked"}),
    ],
)
def test_what_the_school_closes_for_a_level_is_not_there(
    browser: Visit, campus: Campus, carol: User, child: Any, item: str, pages: set[str]
) -> None:
    FamilyOpening.objects.create(grade_level=campus.levels[7], closed=[item])
    of_carol = browser(carol)
    links = of_carol.get(reverse("family:child", args=[child.sourced_id])).content.decode()
    facts = {"child": child.sourced_id, **dict.fromkeys(("card", "invoice", "payment", "leave"), uuid.uuid4())}
    for each in urlpatterns:
        if each.name in pages:
            address = reverse(f"family:{each.name}", kwargs={name: facts[name] for name in each.pattern.converters})
            assert of_carol.get(address).status_code == 404
            assert address not in links


def test_what_is_closed_is_read_by_the_api_at_work_only_and_not_of_ones_own_child(
    household: Household, campus: Campus, bob: User, carol: User, client_for: Any, in_oak: Any
) -> None:
    """Bob teaches 7 B, where Carol's first child is; her second, in 7 C, is his as well. Lists leave out the same."""
    RoleAssignment.objects.create(user=bob, role=Role.objects.get(code="guardian"))
    guardian = people.a_guardian("spare", of=[household.sibling]).guardian
    guardian.user = bob
    guardian.save(update_fields=["user"])
    elsewhere, section = household.sibling, campus.sections["7 C"]
    people.a_class(campus, title="Drama", students=[elsewhere])
    day = SCHOOL_DAY - dt.timedelta(days=1)
    rolls.take(section, {elsewhere: "A"}, by=people.a_user("deputy", role="head"), day=day)
    leave = {"student_id": str(elsewhere.sourced_id), "starts_on": "2026-12-01", "ends_on": "2026-12-01", "reason": "x"}
    roll = f"sections/{section.sourced_id}/roll/{day}"
    items = (FamilyItem.ATTENDANCE, FamilyItem.LEAVE, FamilyItem.MARKS, FamilyItem.EXAMS, FamilyItem.TIMETABLE)

    def seen(by: User, child: Any) -> list[Any]:
        talk, whose = Talk(client_for(in_oak), by), str(child.sourced_id)

        def rows(path: str) -> list[Any]:
            return [each for each in talk.get(path).json()["results"] if each.get("student_id", whose) == whose]

        pages = [talk.get(f"students/{whose}/{path}").status_code for path in ("attendance", "marks", "exams")]
        return [*pages, len(rows(f"absentees?day={day}")), len(rows("leaves"))]

    def lessons(by: User) -> set[str]:
        return {each["class_title"] for each in Talk(client_for(in_oak), by).get("meetings").json()["results"]}

    def counted(by: User) -> dict[str, int]:
        (figures,) = Talk(client_for(in_oak), by).get(f"days/{day}").json()["results"]
        return {name: figures[name] for name in ("absent", "recorded")}

    of_bob, of_carol = Talk(client_for(in_oak), bob), Talk(client_for(in_oak), carol)
    assert of_carol.post("leaves", leave).status_code == 201
    assert seen(bob, elsewhere) == [200, 200, 200, 1, 1]
    assert seen(carol, household.child) == [200, 200, 200, 1, 1]
    assert lessons(carol) == {"Chemistry"}
    assert counted(bob) == {"absent": 2, "recorded": 13}
    assert len(of_bob.get(roll).json()["records"]) == 1
    FamilyOpening.objects.create(grade_level=campus.levels[7], closed=list(items))
    assert seen(bob, elsewhere) == seen(carol, household.child) == [404, 404, 404, 0, 0]
    assert of_bob.get(roll).json()["records"] == []
    assert of_bob.post("leaves", leave).status_code == 404
    assert lessons(carol) == set()
    assert counted(bob) == {"absent": 1, "recorded": 12}
    # What he teaches stays his.
    assert seen(bob, household.child)[:4] == [200, 200, 200, 1]


def test_what_is_closed_is_told_by_the_office_at_work_only_and_not_of_ones_own_child(
    browser: Visit, campus: Campus, bob: User, alice: User
) -> None:
    """Bob teaches 7 B; his own child is in 7 C, absent and away, and a mark of theirs was changed."""
    section, day = campus.sections["7 C"], SCHOOL_DAY - dt.timedelta(days=1)
    theirs, taught = people.students_in(section)[1], people.students_in(campus.section)[0]
    RoleAssignment.objects.create(user=bob, role=Role.objects.get(code="guardian"))
    guardian = people.a_guardian("spare", of=[theirs]).guardian
    guardian.user = bob
    guardian.save(update_fields=["user"])
    for child, where in ((theirs, section), (taught, campus.section)):
        rolls.take(where, by=alice, day=day)
        rolls.take(where, {child: "A"}, by=alice, day=day, version=1)
        enter_leave(students=[child.sourced_id], starts_on=SCHOOL_DAY, ends_on=SCHOOL_DAY, reason="A wedding", by=alice)
    roll = AttendanceSession.objects.get(section=section, day=day).sourced_id
    address = f"/office/rolls/section/{section.sourced_id}"

    def told(child: Any) -> list[Any]:
        before, start, by = start_of(bob, day), start_of(bob, SCHOOL_DAY), browser(bob)
        record = record_of(child.sourced_id, by=bob, day=SCHOOL_DAY)
        listed = by.get("/office/attendance/leave/").content.decode()
        return [
            [each["id"] for each in before.absentees or ()].count(child.sourced_id),
            [each["id"] for each in start.on_leave or ()].count(child.sourced_id),
            len(record.days or ()), len(record.leave or ()), len(record.changed_marks or ()),
            child.full_name in listed,
        ]  # fmt: skip

    def recorded() -> int:
        return sum(each.absent + each.present for each in trend(SCHOOL_DAY, by=bob))

    assert told(theirs) == told(taught) == [1, 1, 1, 1, 1, True]
    assert recorded() == 13
    assert len(marks_changed_in(roll, by=bob, day=day)) == 1
    assert str(theirs.sourced_id) in browser(bob).get(f"{address}/week/{day}/").content.decode()
    FamilyOpening.objects.create(grade_level=campus.levels[7], closed=[FamilyItem.ATTENDANCE, FamilyItem.LEAVE])
    assert told(theirs) == [0, 0, 0, 0, 0, False]
    assert recorded() == 12
    assert marks_changed_in(roll, by=bob, day=day) == []
    week = browser(bob).get(f"{address}/week/{day}/").content.decode()
    assert str(theirs.sourced_id) not in week
    # What he teaches stays his.
    assert told(taught) == [1, 1, 1, 1, 1, True]
    tomorrow = SCHOOL_DAY + dt.timedelta(days=1)
    request_leave(student=theirs.sourced_id, starts_on=tomorrow, ends_on=tomorrow, reason="A wedding", by=alice)

    def asked(by: User) -> int:
        return len(requested_leave([str(theirs.sourced_id)], tomorrow, by=by))

    assert (asked(alice), asked(bob)) == (1, 0)
    FamilyOpening.objects.all().delete()
    assert asked(bob) == 1


def test_a_permission_that_a_role_has_lost_closes_its_pages(browser: Visit, carol: User, child: Any) -> None:
    Role.objects.get(code="guardian").permissions.filter(permission="attendance.view").delete()
    User.objects.filter(pk=carol.pk).update(access_version=carol.access_version + 1)
    of_carol = browser(User.objects.get(pk=carol.pk))
    assert of_carol.get(reverse("family:attendance", args=[child.sourced_id])).status_code == 404
    home = of_carol.get("/family/").content.decode()
    assert "Not taken yet" not in home


def test_a_teacher_who_is_a_guardian_sees_their_own_child_only(
    browser: Visit, bob: User, campus: Campus, carol: User, child: Any
) -> None:
    """Bob teaches all of 7 B; on the family's pages one of them is his."""
    his = people.students_in(campus.sections["7 C"])[0]
    RoleAssignment.objects.create(user=bob, role=Role.objects.get(code="guardian"))
    guardian = people.a_guardian("spare", of=[his]).guardian
    guardian.user = bob
    guardian.save(update_fields=["user"])
    browsing = browser(bob)
    assert browsing.get(reverse("family:child", args=[his.sourced_id])).status_code == 200
    assert browsing.get(reverse("family:child", args=[child.sourced_id])).status_code == 404


# What is sent from these pages: name → what is said.
SENT: Mapping[str, Mapping[str, str]] = {
    "leave": {"starts_on": "2026-12-01", "ends_on": "", "reason": "A wedding"},
    "take-back": {},
    "pay": {"key": "1b4e28ba-2fa1-41d2-883f-0016d3cca427"},
    "calendar": {"what": "begin"},
    "notice": {},
    "contact": {"phone": "+44 20 7946 0001", "email": ""},
    "preferences": {"all-email": "no"},
}
# Of whom it is, whatever child it is about.
ONES_OWN = {"contact", "preferences"}


def _done(browser: Any, house: Household, notice: Message) -> set[str]:
    """What is done where it is sent, and undone again; all else is not there."""
    facts = {"child": house.child, "invoice": house.bill, "leave": house.note, "message": notice}
    found = {}
    for each in urlpatterns:
        if each.name in SENT:
            address = reverse(
                f"family:{each.name}", kwargs={name: facts[name].sourced_id for name in each.pattern.converters}
            )
            with transaction.atomic():
                found[each.name] = browser.post(address, SENT[each.name]).status_code
                transaction.set_rollback(True)
    assert found.keys() == SENT.keys()
    assert set(found.values()) <= {200, 303, 404}, found
    return {name for name, status in found.items() if status != 404}


def test_nothing_is_sent_but_by_whom_it_is(
    browser: Visit, household: Household, campus: Campus, bob: User, alice: User, erin: User
) -> None:
    set_card_gateway(gateway="sandbox", taking=True, secret="sk_sandbox_oak", by=erin)
    asked = Announcement.objects.create(
        title="Trip", text="On Friday", kind="school", to=["guardians"], acknowledge=True, publish_at=clock.now(),
        written_at=clock.now(),
    )  # fmt: skip
    notice = Message.objects.create(
        fact="announcement", key="1", channel="in-app", state="delivered", guardian=household.mother.guardian,
        student=household.child, announcement=asked, subject="Trip", text="On Friday", due_at=clock.now(),
        made_at=clock.now(), handed_at=clock.now(), institution=campus.institution,
    )  # fmt: skip
    pupil = people.a_user("pupil", role="student")
    household.child.user = pupil
    household.child.save(update_fields=["user"])
    barred = people.a_guardian("barred", of=[household.child], restriction_note="Court order")
    former = people.a_guardian("former", of=[household.child])
    StudentGuardian.objects.filter(guardian__user=former).delete()
    table = {
        "guardian": (household.mother, set(SENT)),
        "other guardian": (household.father, ONES_OWN | {"leave", "calendar"}),
        "restricted guardian": (barred, ONES_OWN),
        "former guardian": (former, ONES_OWN),
        "student": (pupil, {"calendar"}),
        "teacher": (bob, set()),
        "head": (alice, set()),
    }
    done = {who: _done(browser(user), household, notice) for who, (user, _) in table.items()}
    assert done == {who: expected for who, (_, expected) in table.items()}


def test_every_address_is_in_a_table(household: Household) -> None:
    named = {each.name for each in urlpatterns}
    walked_through = OWN | FREE | GUARDIANS
    # By a secret in the address: see `test_asking`. Of one's own notice: see `test_notices`.
    assert named == walked_through | set(SENT) | {"feed", "see-as", "notice-attachment"}
    assert named - walked_through == ELSEWHERE


def test_whoever_looks_as_a_guardian_stops_with_the_permission_and_sees_no_more_than_the_guardian(
    browser: Visit, household: Household, alice: User
) -> None:
    of_head = browser(alice)
    token = begin_seeing_as(guardian=household.mother.guardian, by=alice)
    of_head.get(reverse("family:see-as", args=[token]))
    page = reverse("family:child", args=[household.child.sourced_id])
    assert of_head.get(page).status_code == 200
    other = reverse("family:bill", args=[household.child.sourced_id, household.fathers_bill.sourced_id])
    assert of_head.get(other).status_code == 404
    links = StudentGuardian.objects.filter(guardian__user=household.mother, student=household.child)
    links.update(data_access=False)
    assert of_head.get(page).status_code == 404
    links.update(data_access=True)
    for code in ("students.view", "family.see_as"):
        held = Role.objects.get(code="head").permissions.filter(permission=code)
        role = held.get().role
        held.delete()
        User.objects.filter(pk=alice.pk).update(access_version=F("access_version") + 1)
        assert of_head.get(page).status_code == 404
        role.permissions.create(permission=code)
        User.objects.filter(pk=alice.pk).update(access_version=F("access_version") + 1)
        assert of_head.get(page).status_code == 200
