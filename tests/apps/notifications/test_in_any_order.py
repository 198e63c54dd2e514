"""Whatever happens in whatever order, a fact is told once to each, and never to who has no access at that moment."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django.core import mail
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts.models import User
from apps.attendance import services as attendance
from apps.attendance.models import AttendanceSession
from apps.notifications import services
from apps.notifications.models import Channel, Preference
from apps.students.models import Guardian, Student, StudentGuardian
from schoolops import clock
from tests.factories import people, rolls
from tests.factories.people import SCHOOL_DAY, SCHOOL_MOMENT, Campus
from tests.factories.told import a_guardian, deliver

CHILDREN, GUARDIANS = st.integers(0, 1), st.integers(0, 1)
STEP = st.one_of(
    st.tuples(st.just("mark"), CHILDREN, st.sampled_from("AAPL")),
    st.tuples(st.just("restrict"), GUARDIANS, st.booleans()),
    st.tuples(st.just("access"), GUARDIANS, st.booleans()),
    st.tuples(st.just("want"), GUARDIANS, st.booleans()),
    # Now and then clocks are set back.
    st.tuples(st.just("clock"), st.sampled_from([-90, -5, 0, 5, 29, 31, 600]), st.none()),
    st.tuples(st.just("deliver"), st.none(), st.none()),
    st.tuples(st.just("again"), CHILDREN, st.none()),
)


class Morning:
    """Two children, brothers, and their two guardians; what each may and wants at every moment."""

    def __init__(self, campus: Campus, bob: User) -> None:
        self.campus, self.bob = campus, bob
        self.children: list[Student] = people.students_in(campus.section)[:2]
        self.guardians: list[Guardian] = [a_guardian(name, *self.children) for name in ("Mona", "Frank")]
        self.marks: dict[Student, str] = {}
        self.moment = SCHOOL_MOMENT

    def do(self, step: tuple[str, Any, Any]) -> None:
        what, which, how = step
        with clock.frozen(self.moment):
            getattr(self, what)(which, how)

    def mark(self, child: int, code: str) -> None:
        self.marks[self.children[child]] = code
        roll = AttendanceSession.objects.first()
        rolls.take(self.campus.section, self.marks, by=self.bob, version=roll.version if roll else None)
        self.again(child, None)

    def again(self, child: int, _how: None) -> None:
        attendance.tell_of_day([self.children[child].pk], SCHOOL_DAY)

    def _link(self, guardian: int, **said: object) -> None:
        StudentGuardian.objects.filter(guardian=self.guardians[guardian]).update(**said)

    def restrict(self, guardian: int, how: bool) -> None:
        self._link(guardian, restriction_note="By the court." if how else "")

    def access(self, guardian: int, how: bool) -> None:
        self._link(guardian, data_access=how)

    def want(self, guardian: int, how: bool) -> None:
        said = {"guardian": self.guardians[guardian], "channel": Channel.EMAIL}
        Preference.objects.update_or_create(**said, defaults={"wanted": how})

    def clock(self, minutes: int, _how: None) -> None:
        self.moment += dt.timedelta(minutes=minutes)

    def deliver(self, _which: None, _how: None) -> None:
        before = len(mail.outbox)
        deliver()
        for letter in mail.outbox[before:]:
            guardian = next(each for each in self.guardians if each.email == letter.to[0])
            self._expect_access(guardian, letter.body)

    def _expect_access(self, guardian: Guardian, text: str) -> None:
        for link in StudentGuardian.objects.filter(guardian=guardian).select_related("student"):
            if link.student.full_name in text:
                assert link.may_see, f"{guardian} was told of {link.student}"
        wanted = Preference.objects.filter(guardian=guardian, channel=Channel.EMAIL).first()
        assert wanted is None or wanted.wanted


def _kind(subject: str) -> str:
    return subject.split(":", maxsplit=1)[0]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=4, max_size=14))
def test_a_fact_is_told_once_to_each_and_never_to_who_has_no_access(
    campus: Campus, bob: User, steps: list[tuple[str, Any, Any]]
) -> None:
    place = transaction.savepoint()
    mail.outbox.clear()
    try:
        with clock.frozen(SCHOOL_MOMENT):
            services.set_outgoing(quiet_from=dt.time(20), quiet_until=dt.time(7), by=people.a_user("hana", role="head"))
            morning = Morning(campus, bob)
        for step in [*steps, ("clock", 31, None), ("deliver", None, None)]:
            morning.do(step)
        for guardian in morning.guardians:
            for child in morning.children:
                told = [
                    _kind(str(each.subject))
                    for each in mail.outbox
                    if each.to == [guardian.email] and child.full_name in each.body
                ]
                # Corrected only after it was told by mail, and told again only after it was corrected: unless they
                # might not be told, or did not want to, at the moment of the correction.
                turns = "".join(each[0] for each in told if each in {"Absent today", "Correction"})
                always = not any(step[0] in {"want", "restrict", "access"} for step in steps)
                assert re.fullmatch("(AC)*A?" if always else "(A+C)*A*", turns), told
        hours = {each.extra_headers["X-SchoolOps-Message"] for each in mail.outbox}
        assert len(hours) == len(mail.outbox)
    finally:
        transaction.savepoint_rollback(place)


def test_who_had_no_mail_of_an_absence_has_none_of_its_correction(campus: Campus, bob: User) -> None:
    mail.outbox.clear()
    with clock.frozen(SCHOOL_MOMENT):
        services.set_outgoing(quiet_from=dt.time(20), quiet_until=dt.time(7), by=people.a_user("hana", role="head"))
        morning = Morning(campus, bob)
    later = ("clock", 31, None), ("deliver", None, None)
    for step in (("want", 0, False), ("mark", 0, "A"), *later, ("want", 0, True), ("mark", 0, "P"), *later):
        morning.do(step)  # type: ignore[arg-type]
    unwilling, willing = (guardian.email for guardian in morning.guardians)
    assert [each.to for each in mail.outbox] == [[willing], [willing]]
    assert unwilling != willing
