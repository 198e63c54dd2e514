"""The office's day in a browser: a section by keyboard, a correction at the late desk, a student admitted and found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from apps.attendance.models import AttendanceRecord, DailyAttendance
from apps.students.models import SectionMembership, Student
from schoolops import clock
from tests.browser.axe import axe
from tests.browser.conftest import PHONE
from tests.browser.keys import every_click_has_a_key
from tests.factories import people, rolls
from tests.factories.people import SCHOOL_DAY

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.scenes import Scene


def _roll(scene: Scene) -> str:
    return f"/office/rolls/section/{scene.campus.section.sourced_id}/{SCHOOL_DAY.isoformat()}/"


def _chosen(page: Page) -> list[str]:
    codes: list[str] = page.locator(".grid-codes input:checked").evaluate_all("all => all.map(each => each.value)")
    return codes


def test_a_section_is_marked_by_keyboard_alone_and_corrected_at_the_late_desk(visit: Visit, scene: Scene) -> None:
    page = visit(scene.bob, _roll(scene))
    expect(page.locator("[data-cell=code]").first).to_be_focused()
    axe(page, within=".day")
    # Absent goes on to the next; down skips one; late, and its time beside it.
    for key in ("a", "ArrowDown", "l", "ArrowUp", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    page.keyboard.type("0905AM")
    page.keyboard.press("Escape")
    assert _chosen(page) == ["A", "P", "L", *["P"] * 9]
    expect(page.locator("#said")).to_contain_text("Late")
    page.keyboard.press("Control+s")
    expect(page.get_by_text(" is saved: 1 absent.")).to_be_visible()
    with scene.inside():
        first = people.students_in(scene.campus.section)[0]
        assert sorted(AttendanceRecord.objects.values_list("teacher_code__code", flat=True)) == ["A", "L", *["P"] * 10]

    page.get_by_role("link", name="Week", exact=True).press("Enter")
    expect(page.locator("[data-cell=code]").first).to_be_focused()
    axe(page, within=".day")
    # Monday's first student absent, Tuesday's second late; today's stand as they were saved.
    for key in ("a", "ArrowRight", "l", "Control+s"):
        page.keyboard.press(key)
    expect(page.get_by_text("\u2069 is saved: Mon 2 Nov, Tue 3 Nov.")).to_be_visible()
    with scene.inside():
        marked = AttendanceRecord.objects.exclude(teacher_code__code="P").order_by("day", "student_id")
        assert list(marked.values_list("day__day", "teacher_code__code")) == [(2, "A"), (3, "L"), (4, "A"), (4, "L")]

    desk = visit(scene.dave, "/office/desk/")
    expect(desk.locator("#q")).to_be_focused()
    axe(desk, within=".day")
    desk.keyboard.type(first.admission_number)
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("heading", name=first.full_name)).to_be_visible()
    desk.get_by_label("Came at").fill("09:20")
    desk.get_by_label("Came at").press("Enter")
    expect(desk.get_by_text(f"{first.full_name} is entered.")).to_be_visible()
    with scene.inside():
        day = DailyAttendance.objects.get(student=first, day=SCHOOL_DAY)
        assert (day.state, day.late) == ("present", True)
    desk.get_by_role("button", name="Take back").click()
    expect(desk.get_by_text("The entry of ")).to_be_visible()
    with scene.inside():
        assert DailyAttendance.objects.get(student=first, day=SCHOOL_DAY).state == "absent"


def test_without_scripts_the_roll_is_a_plain_form(visit: Visit, scene: Scene) -> None:
    page = visit(scene.bob, _roll(scene), scripts=False, width=PHONE)
    page.get_by_role("radio", name="A Absent").first.check()
    page.get_by_role("button", name="Save the roll").click()
    expect(page.get_by_text(" is saved: 1 absent.")).to_be_visible()


def test_two_people_at_one_roll_see_what_the_other_did(visit: Visit, scene: Scene) -> None:
    visit.expect("409")
    page = visit(scene.bob, _roll(scene))
    with scene.inside(), clock.frozen(people.SCHOOL_MOMENT):
        student = people.students_in(scene.campus.section)[0]
        rolls.take(scene.campus.section, {student: "A"}, by=scene.alice)
    for key in ("ArrowDown", "l"):
        page.keyboard.press(key)
    page.keyboard.press("Control+s")
    expect(page.get_by_role("heading", name="What changed meanwhile")).to_be_visible()
    assert _chosen(page) == ["A", "L", *["P"] * 10]
    axe(page, within=".day")
    page.keyboard.press("Control+s")
    expect(page.get_by_text(" is saved: 1 absent.")).to_be_visible()


def test_a_student_is_admitted_and_found(visit: Visit, scene: Scene) -> None:
    page = visit(scene.dave, "/office/student/admit/")
    axe(page, within=".day")
    page.get_by_label("Given name", exact=True).fill("Zoë")
    page.get_by_label("Family name (optional)", exact=True).fill("Newcomer")
    page.get_by_label("Admission number").fill("N-2026-1")
    page.locator("#id_section").select_option(index=1)
    page.get_by_label("Guardian: given name").fill("Ada")
    page.get_by_label("Guardian: phone").fill("+44 20 7946 0000")
    page.get_by_role("button", name="Admit").click()
    expect(page.get_by_text("\u2068Zoë Newcomer\u2069 is enrolled in ")).to_be_visible()
    expect(page.get_by_role("row", name="Ada")).to_contain_text("+44 20 7946 0000")
    axe(page, within=".day")
    desk = visit(scene.dave, "/office/desk/?q=newcom")
    expect(desk.get_by_role("heading", name="Zoë Newcomer")).to_be_visible()
    with scene.inside():
        assert SectionMembership.objects.get(student=Student.objects.get(given_name="Zoë")).section.name == "B"


def test_the_pages_of_the_day_are_accessible(visit: Visit, scene: Scene) -> None:
    with scene.inside(), clock.frozen(people.SCHOOL_MOMENT):
        rolls.take(scene.campus.sections["7 C"], by=scene.alice)
    page, phone = visit(scene.erin, "/office/"), visit(scene.erin, "/office/", width=PHONE)
    for path in ("", "rolls/", "lists/", "set-up/", "calendar/"):
        page.goto(visit.address(f"/office/{path}"))
        axe(page, within=".day")
        every_click_has_a_key(page)
        phone.goto(visit.address(f"/office/{path}"))
        wide = phone.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{path} is {wide} px wider than a phone"
