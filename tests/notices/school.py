"""What people of the schools do, each step in a process of its own: ``python -m tests.notices.school STEP PLAN``.

A plan is a file of JSON: by school its children, their guardians, and what becomes of each.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import django

django.setup()

from apps.access.permissions import ADMINISTRATOR  # noqa: E402 - Django is set up first
from apps.accounts.models import User  # noqa: E402 - Django is set up first
from apps.attendance import services as attendance  # noqa: E402
from apps.attendance.models import AttendanceSession  # noqa: E402
from apps.attendance.selectors import SessionKey  # noqa: E402
from apps.attendance.services import Mark  # noqa: E402
from apps.demo.services import SCHOOLS, furnish  # noqa: E402
from apps.institutions.models import Section  # noqa: E402
from apps.notifications import services  # noqa: E402
from apps.notifications.models import Channel, Message, Preference  # noqa: E402
from apps.students.models import Guardian, Student, StudentGuardian  # noqa: E402
from schoolops import clock  # noqa: E402
from schoolops.context import inside, outside_schools  # noqa: E402
from schoolops.tenancy.models import School  # noqa: E402

Plan = dict[str, Any]


def _administrator() -> User:
    return User.objects.filter(role_assignments__role__code="administrator").order_by("pk")[0]


def make(slug: str, said: Plan) -> None:
    """A school of one section, and the guardians of its children as planned; it waits for nothing but five minutes."""
    logins = tuple(each for each in SCHOOLS[0].logins if each.role == ADMINISTRATOR)
    names = tuple((f"Child{number:02}", slug) for number in range(said["children"]))
    school = furnish(
        replace(
            SCHOOLS[0], slug=slug, name=slug.title(), timezone="UTC", locale="en-gb",
            sections={"7 B": names}, logins=logins,
        )
    )  # fmt: skip
    with inside(school):
        children = {row.given_name: row for row in Student.objects.all()}
        for name, guardian in said["guardians"].items():
            row = Guardian.objects.create(
                given_name=name, email=f"{name}@{slug}.example", phone=guardian["phone"], language=guardian["language"]
            )
            for child in guardian["children"]:
                number = children[child].guardian_links.count() + 1
                StudentGuardian.objects.create(student=children[child], guardian=row, contact_priority=number)
            if guardian["mail"] is False:
                Preference.objects.create(guardian=row, channel=Channel.EMAIL, wanted=False)
        by = _administrator()
        now = clock.now()
        never = dt.time(0)
        quiet = ((now - dt.timedelta(hours=1)).time(), (now + dt.timedelta(hours=6)).time())
        hours = quiet if said["quiet"] else (never, never)
        services.set_outgoing(quiet_from=hours[0], quiet_until=hours[1], window_minutes=0, texts_a_day=0, by=by)
        if said["texts"]:
            services.set_rule(fact="attendance.absent", channel=Channel.SMS, sends=True, by=by)
        if said["held"]:
            services.hold(reason="Rehearsal", by=by)


def _take(said: Plan, marks: Mapping[str, str]) -> None:
    section = Section.objects.get()
    day = clock.today("UTC")
    by = _administrator()
    roll = AttendanceSession.objects.filter(section=section, day=day).first()
    attendance.mark_attendance(
        session=SessionKey(day=day, section=section.sourced_id, course_class=None, period=None),
        marks=[Mark(row.sourced_id, marks.get(row.given_name, "P")) for row in Student.objects.order_by("given_name")],
        expected_version=roll.version if roll else None,
        by=by,
    )


def mark(slug: str, said: Plan) -> None:
    """Everybody who is planned to be absent is marked so."""
    _take(said, dict.fromkeys(said["absent"], "A"))


def correct(slug: str, said: Plan) -> None:
    """Some were marked wrongly; a court speaks of some guardians."""
    _take(said, {name: "A" for name in said["absent"] if name not in said["corrected_before"]})
    StudentGuardian.objects.filter(guardian__given_name__in=said["restricted"]).update(restriction_note="By the court.")


def correct_late(slug: str, said: Plan) -> None:
    """Of some it turns out that they were there, after it was told."""
    gone = {*said["corrected_before"], *said["corrected_after"]}
    _take(said, {name: "A" for name in said["absent"] if name not in gone})


def release(slug: str, said: Plan) -> None:
    """What is held goes out."""
    if said["held"]:
        services.release(by=_administrator())


def state(slug: str, said: Plan) -> dict[str, Any]:
    """What waits, and whose outcome nobody knows."""
    rows = Message.objects.filter(channel__in=(Channel.EMAIL, Channel.SMS))
    open_ones = rows.filter(state__in=("queued", "deferred", "sending")).exclude(reason="quiet-hours")
    doubted = rows.filter(state="outcome_unknown").values_list("channel", "address", "fact", "student__given_name")
    return {"open": open_ones.count(), "unknown": [list(each) for each in doubted]}


def later(_slug: str, _said: Plan) -> None:
    """The wait of what was refused for now is over: it doubles each time, and the morning is not waited for so long."""
    Message.objects.filter(state="deferred", reason="outage").update(due_at=clock.now())
    services.look_after()


STEPS: Mapping[str, Callable[[str, Plan], Any]] = {
    "make": make, "mark": mark, "correct": correct, "correct-late": correct_late, "release": release, "state": state,
    "later": later,
}  # fmt: skip


def main(step: str, path: str) -> None:
    plan = json.loads(Path(path).read_text(encoding="utf-8"))
    found = {}
    for slug, said in plan.items():
        if step == "make":
            make(slug, said)
            continue
        with outside_schools():
            school = School.objects.get(slug=slug)
        with inside(school):
            found[slug] = STEPS[step](slug, said)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
