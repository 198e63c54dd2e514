"""The registrar's tasks of a day by hand, counted: no more clicks and fields than a task is worth."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import Locator, Page, expect

from apps.attendance.models import Leave
from apps.staff.models import StaffMember
from apps.students.models import Enrolment, Guardian, SectionMembership, Student, StudentGuardian
from schoolops import clock
from tests.browser.axe import axe
from tests.factories import people, rolls
from tests.factories.jobs import waiting_jobs

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.scenes import Scene

THURSDAY = dt.date(2026, 11, 5)
MONDAY, CHRISTMAS, LATER = dt.date(2026, 11, 9), dt.date(2026, 12, 23), dt.date(2027, 1, 31)


class Hand:
    """Clicks and fields of one person on one page. Choosing from a list is a click to open and a field."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = self.fields = 0

    def click(self, name: str, *, role: str = "link") -> None:
        self.clicks += 1
        self.page.get_by_role(role, name=name, exact=True).first.click()  # type: ignore[arg-type]

    def fill(self, field: Locator | str, text: str) -> None:
        self.fields += 1
        (self.page.get_by_label(field, exact=True) if isinstance(field, str) else field).fill(text)

    def choose(self, field: str, label: str) -> None:
        self.clicks += 1
        self.fields += 1
        found = self.page.locator(f"#id_{field} option", has_text=label).first
        self.page.locator(f"#id_{field}").select_option(found.get_attribute("value"))

    @contextmanager
    def task(self, *, clicks: int, fields: int = 99) -> Iterator[None]:
        """What is done inside may take so many."""
        before = self.clicks, self.fields
        yield
        taken = self.clicks - before[0], self.fields - before[1]
        assert (taken[0] <= clicks, taken[1] <= fields) == (True, True), taken


def test_a_day_of_the_registrar(visit: Visit, scene: Scene) -> None:
    with scene.inside(), clock.frozen(people.SCHOOL_MOMENT):
        child, other = people.students_in(scene.campus.section)[:2]
        rolls.take(scene.campus.section, by=scene.bob)
        rolls.take(scene.campus.section, {other: "A"}, by=scene.alice, version=1)
    hand = Hand(visit(scene.dave, "/office/"))
    page = hand.page

    with hand.task(clicks=3):
        # Who has not taken the roll stands on the start page, and the roll one click away.
        hand.click("Grade 7 C")
        expect(page.get_by_role("heading", name="Not taken yet")).to_be_visible()

    with hand.task(clicks=3):
        hand.click("Lists to print")
        hand.clicks += 1
        page.get_by_label("All of Grade 7").check()
        hand.clicks += 1
        with page.expect_request(lambda asked: "/lists/emergency.pdf?grade=" in asked.url):
            page.get_by_role("button", name="Emergency list").click(no_wait_after=True)

    page.goto(visit.address(f"/office/student/{child.sourced_id}/"))
    with hand.task(clicks=6):
        hand.click("Move to another section")
        hand.choose("section", "Grade 7 C")
        hand.fill("From", MONDAY.isoformat())
        hand.click("Move", role="button")
        expect(page.get_by_text("Moves to Grade 7 C on Monday, 9 November 2026.")).to_be_visible()
    with scene.inside():
        assert SectionMembership.objects.get(student=child, starts_on=MONDAY).section.name == "C"

    page.goto(visit.address(f"/office/student/{other.sourced_id}/"))
    with hand.task(clicks=2):
        expect(page.get_by_role("heading", name="Who changed a mark")).to_be_visible()
        expect(page.get_by_text("Present → Absent · Alice")).to_be_visible()
    with hand.task(clicks=9):
        hand.click("Withdraw")
        hand.fill("First day no longer enrolled", CHRISTMAS.isoformat())
        hand.choose("exit_kind", "Went to another school")
        hand.click("Withdraw", role="button")
        hand.click("Another day, or not at all")
        hand.fill("On", LATER.isoformat())
        hand.click("Change the day", role="button")
        expect(page.get_by_text("not enrolled any more from Sunday, 31 January 2027")).to_be_visible()
    with scene.inside():
        assert Enrolment.objects.get(student=other).exited_on == LATER


def test_twins_are_admitted_with_one_mother(visit: Visit, scene: Scene) -> None:
    hand = Hand(visit(scene.dave, "/office/student/admit/"))
    page = hand.page
    with hand.task(clicks=8, fields=24):
        for name, number in (("Zoë", "T1"), ("Yann", "T2")):
            hand.fill("Given name", name)
            if number == "T1":
                hand.fill("Family name (optional)", "Bell")
            hand.fill("Admission number", number)
            hand.fill("Born on (optional)", "2014-03-09")
            hand.choose("section", "Grade 7 C")
            if number == "T1":
                hand.fill("Guardian: given name (optional)", "Ada")
                hand.fill("Guardian: phone (optional)", "+44 20 7946 0000")
            hand.click("Admit", role="button")
            expect(page.get_by_text(f"\u2068{name} Bell\u2069 is enrolled in ")).to_be_visible()
            if number == "T1":
                hand.click("Admit a brother or sister")
    with scene.inside():
        assert Student.objects.filter(family_name="Bell").count() == 2
        ada = Guardian.objects.get(given_name="Ada")
        assert StudentGuardian.objects.filter(guardian=ada).count() == 2


def test_a_new_teacher_with_a_login_and_three_classes(visit: Visit, scene: Scene) -> None:
    with scene.inside():
        for title in ("Algebra", "Biology", "Chemistry"):
            people.a_class(scene.campus, title=title)
    hand = Hand(visit(scene.dave, "/office/"))
    page = hand.page
    with hand.task(clicks=14, fields=10):
        hand.click("Staff")
        hand.clicks += 1
        page.locator('a[href$="/staff/staffmember/add/"]').first.click()
        if not page.locator("#id_institution").input_value():
            hand.choose("institution", scene.campus.institution.name)
        for field, text in (
            ("staff_number", "T99"), ("given_name", "Tess"), ("family_name", "Turing"), ("email", "tess@oak.example")
        ):  # fmt: skip
            hand.fill(page.locator(f"#id_{field}"), text)
        hand.click("Save and continue editing", role="button")
        hand.click("Teaches")
        for title in ("Algebra", "Biology", "Chemistry"):
            hand.clicks += 1
            page.get_by_label(title).check()
        hand.click("Teaches", role="button")
        expect(page.get_by_text("Tess Turing teaches 3 more.")).to_be_visible()
        hand.click("Invite to log in")
        hand.click("Invite to log in", role="button")
        expect(page.get_by_text("The invitation is on its way to tess@oak.example.")).to_be_visible()
    with scene.inside():
        assert StaffMember.objects.get(staff_number="T99").assignments.count() == 3
        assert [each["roles"] for each in waiting_jobs("invite_chosen_staff")] != []


def test_a_list_changes_many_at_once(visit: Visit, scene: Scene) -> None:
    hand = Hand(visit(scene.dave, "/office/"))
    page = hand.page
    with hand.task(clicks=8, fields=2):
        hand.click("Students")
        hand.click("Change all of this list", role="button")
        expect(page.get_by_role("heading", name="15 rows are to change")).to_be_visible()
        hand.fill(page.locator("#id_address"), "1 New Street")
        hand.click("Look at what would change", role="button")
        expect(page.get_by_text("15 would change, 0 are so already, 0 are left out.")).to_be_visible()
        axe(page)
        hand.click("Change 15 rows", role="button")
        expect(page.get_by_text("15 are changed.")).to_be_visible()
    axe(page)
    with scene.inside():
        assert set(Student.objects.values_list("address", flat=True)) == {"1 New Street"}


def test_birth_dates_are_corrected_by_the_schools_own_sheet(
    visit: Visit, scene: Scene, tmp_path: Path, work_off: Callable[[], int]
) -> None:
    with scene.inside():
        people.some_students(5, section=scene.campus.sections["7 B"])
        born = dict(Student.objects.values_list("admission_number", "birth_date"))
    page = visit(scene.dave, "/office/imports/")
    with page.expect_download() as taken:
        page.locator('a[href$="templates/students.csv"]').click()
    with Path(taken.value.path()).open(newline="", encoding="utf-8-sig") as file:
        header, *lines = csv.reader(file)
    at = header.index("Birth date")
    wrong = [line for line in lines if born[line[0]] is not None]
    for line in wrong:
        line[at] = (born[line[0]] + dt.timedelta(days=1)).isoformat()
    corrected = tmp_path / "corrected.csv"
    with corrected.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *lines])
    assert len(wrong) == 20
    hand = Hand(page)

    with hand.task(clicks=8, fields=1):
        hand.clicks, hand.fields = hand.clicks + 1, hand.fields + 1
        page.locator("#id_file").set_input_files(str(corrected))
        hand.click("Read the file", role="button")
        work_off()
        expect(page.get_by_text("Nothing would change, though the file says otherwise")).to_be_visible()
        hand.clicks += 1
        page.get_by_label("Students: take the file’s Date of birth in 20 rows").check()
        hand.click("Take the file’s where ticked", role="button")
        work_off()
        hand.click("Apply 20 changes", role="button")
        work_off()
        expect(page.get_by_role("heading", name="Applied", exact=True)).to_be_visible()
    with scene.inside():
        now = dict(Student.objects.values_list("admission_number", "birth_date"))
    assert all(now[line[0]] == born[line[0]] + dt.timedelta(days=1) for line in wrong)
    axe(page)


def test_what_concerns_many_at_once(visit: Visit, scene: Scene) -> None:
    with scene.inside():
        children = [people.students_in(scene.campus.sections[name])[0] for name in ("7 B", "7 C")]
    hand = Hand(visit(scene.dave, "/office/"))
    page = hand.page

    with hand.task(clicks=3):
        hand.click("Rolls")
        hand.click("Remind the teachers", role="button")
        expect(page.get_by_text("1 teacher is reminded of rolls of ")).to_be_visible()

    page.goto(visit.address(f"/office/student/{children[0].sourced_id}/"))
    with hand.task(clicks=8):
        hand.click("The whole family")
        hand.fill("Until", THURSDAY.isoformat())
        hand.click("Enter", role="button")
        expect(page.get_by_text("on leave until Thursday, 5 November 2026.")).to_be_visible()
    with scene.inside():
        assert Leave.objects.filter(student__in=children, state=Leave.State.APPROVED, ends_on=THURSDAY).count() == 2

    page.goto(visit.address("/office/"))
    with hand.task(clicks=4):
        hand.click("Absences")
        with page.expect_download() as taken:
            hand.click("Excel", role="button")
        assert taken.value.suggested_filename == "absences-2026-11-01-2026-11-04.xlsx"
