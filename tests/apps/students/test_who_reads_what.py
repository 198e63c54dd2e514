"""Whatever happens to people, roles, days, links and records: everybody reads what they may, and nothing else.

Hypothesis makes up what happens. After each step somebody looks at some child through every door there is, and sees
what a model that shares no code with the school says that they see.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Q
from django.test import Client
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.access.models import RoleAssignment
from apps.access.services.roles import set_permissions, withdraw_role
from apps.accounts.models import User
from apps.institutions.models import Section
from apps.staff.models import StaffMember, TeachingAssignment
from apps.staff.services import assign_teacher
from apps.students import services
from apps.students.models import Guardian, Student, StudentGuardian
from apps.students.services import merging
from schoolops import clock
from schoolops.cache.entry import forget_school
from schoolops.context import current_school
from tests.apps.asking import Asking, asking
from tests.apps.students.reading import Child, Link, World
from tests.apps.students.reading import Role as Said
from tests.factories.people import SCHOOL_MOMENT, a_school_year, a_user, some_students
from tests.factories.talking import Browser

CODES = (
    "students.view", "guardians.view", "students.view_medical", "students.view_custody", "exports.run",
    "students.manage",
)  # fmt: skip
ROLES = {
    "desk": ("everything", {"students.view", "guardians.view", "exports.run", "students.manage"}),
    "nurse": ("everything", {"students.view", "students.view_medical"}),
    "court": ("everything", {"guardians.view", "students.view", "students.view_custody", "exports.run"}),
    "tutor": ("teacher", {"students.view", "guardians.view", "exports.run"}),
    "parent": ("guardian", {"students.view"}),
    "pupil": ("student", {"students.view"}),
}
READERS = ("sam", "tess", "gail", "gary", "pia")
GUARDIANS = {"g0": "gail", "g1": "gary", "g2": None}
CAMPUSES = ("North", "South")
CHILDREN = tuple(f"c{number}" for number in range(5))
# From when to when they are enrolled, in days from the first: some were here one after the other, and one never was.
ALWAYS = (-60, 1000)
PLACES = {"c0": [(-60, -20)], "c1": [ALWAYS], "c2": [ALWAYS], "c3": [(-10, 1000)], "c4": []}
_numbers = itertools.count(1)

readers, children, guardians = st.sampled_from(READERS), st.sampled_from(CHILDREN), st.sampled_from(sorted(GUARDIANS))
roles, campuses = st.sampled_from(sorted(ROLES)), st.sampled_from((None, *CAMPUSES))


class Reading(RuleBasedStateMachine):
    """A school, and what the model says of it."""

    looked = 0

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        self._open.enter_context(_undone())
        self.moment = SCHOOL_MOMENT
        self._open.enter_context(clock.frozen(self.moment))
        self.erin = a_user(f"erin-{next(_numbers)}", role="administrator")
        sections = {}
        self.campuses = {}
        for name in CAMPUSES:
            year = a_school_year(name=name, sections=("7 B",))
            self.campuses[name], sections[name] = year.institution, year.section
        self.sections = sections
        self.roles = {}
        for code, (scope, codes) in ROLES.items():
            self.roles[code] = access.create_role(
                name=f"{code} {next(_numbers)}",
                code=f"{code}-{next(_numbers)}",
                permissions=codes,
                scope=scope,
                by=self.erin,
            )
        self.users = {name: a_user(f"{name}-{next(_numbers)}") for name in READERS}
        self.guardians = {
            name: Guardian.objects.create(
                user=None if login is None else self.users[login],
                given_name=f"Given{name}",
                family_name=f"Zz{name}",
                phone=f"+99 {name} 0{number}",
                # The first and the third are one person, on the books twice.
                email=f"one{number % 2}@x.example",
            )
            for number, (name, login) in enumerate(GUARDIANS.items())
        }
        self.children = {}
        said = {}
        for number, name in enumerate(CHILDREN):
            campus = CAMPUSES[number % 2]
            student = self._a_child(sections[campus], PLACES[name])
            Student.objects.filter(pk=student.pk).update(
                given_name="Sam", family_name="Same", birth_date=dt.date(2014, 3, 3)
            )
            self.children[name] = student
            here = any(begins <= 0 < ends for begins, ends in PLACES[name])
            said[name] = Child(campus, campus if here else None, places=list(PLACES[name]))
        self.staff = StaffMember.objects.create(
            institution=self.campuses["North"],
            user=self.users["tess"],
            staff_number=f"T{next(_numbers)}",
            given_name="T",
        )
        self.world = World(
            {code: Said(scope, set(codes)) for code, (scope, codes) in ROLES.items()},
            said,
            dict(GUARDIANS),
            {frozenset({"g0", "g2"})},
        )
        self.keys: list[tuple[str, str, str, dict[str, Any]]] = []
        for reader, role in (
            ("sam", "desk"),
            ("tess", "tutor"),
            ("gail", "parent"),
            ("gary", "parent"),
            ("pia", "pupil"),
        ):
            self._give(reader, role, None, None, None)

    @staticmethod
    def _a_child(section: Section, places: list[tuple[int, int]]) -> Student:
        if not places:
            return some_students(1, institution=section.institution)[0]
        ((begins, ends),) = places
        since = SCHOOL_MOMENT.date() + dt.timedelta(days=begins)
        until = None if ends == ALWAYS[1] else SCHOOL_MOMENT.date() + dt.timedelta(days=ends)
        return some_students(1, section=section, since=since, until=until)[0]

    def teardown(self) -> None:
        self._open.close()

    # --- what happens -------------------------------------------------------------------------------------------------
    def _give(self, who: str, role: str, campus: str | None, begins: int | None, ends: int | None) -> None:
        def day(number: int | None) -> dt.date | None:
            return None if number is None else SCHOOL_MOMENT.date() + dt.timedelta(days=number)

        access.assign_role(
            user=self.users[who],
            role=self.roles[role].code,
            institution=None if campus is None else self.campuses[campus],
            starts_on=day(begins),
            ends_on=day(ends),
            by=self.erin,
        )
        self.world.held[who, role, campus] = (begins, ends)

    def _link(self, child: str, guardian: str) -> StudentGuardian:
        return StudentGuardian.objects.get(student=self.children[child], guardian=self.guardians[guardian])

    def _is_kept(self, child: str) -> bool:
        return not self.world.children[child].merged

    @rule(child=children, guardian=guardians, who=readers)
    def link(self, child: str, guardian: str, who: str) -> None:
        if self._is_kept(child) and (child, guardian) not in self.world.links:
            services.link_guardian(
                student=self.children[child], guardian=self.guardians[guardian], fields={}, by=self.erin
            )
            self.world.links[child, guardian] = Link()
        self.look(who, child)

    @rule(child=children, guardian=guardians, who=readers, order=st.sampled_from(["", "order-1", "order-2"]))
    def restrict(self, child: str, guardian: str, who: str, order: str) -> None:
        if self._is_kept(child) and (child, guardian) in self.world.links:
            services.change_guardian_link(
                link=self._link(child, guardian), fields={"restriction_note": order}, by=self.erin
            )
            self.world.links[child, guardian].order = order
        self.look(who, child)

    @rule(child=children, guardian=guardians, who=readers, given=st.booleans())
    def give_data(self, child: str, guardian: str, who: str, *, given: bool) -> None:
        if self._is_kept(child) and (child, guardian) in self.world.links:
            services.change_guardian_link(link=self._link(child, guardian), fields={"data_access": given}, by=self.erin)
            self.world.links[child, guardian].access = given
        self.look(who, child)

    @rule(child=children, guardian=guardians, who=readers)
    def unlink(self, child: str, guardian: str, who: str) -> None:
        if self._is_kept(child) and (child, guardian) in self.world.links:
            services.unlink_guardian(link=self._link(child, guardian), by=self.erin)
            self.world.unlink(child, guardian)
        self.look(who, child)

    @rule(child=children, other=children, who=readers)
    def merge(self, child: str, other: str, who: str) -> None:
        if child != other and self._is_kept(child) and self._is_kept(other):
            services.merge_students(keep=self.children[child], duplicate=self.children[other], by=self.erin)
            self.world.merge(child, other)
        self.look(who, child)
        self.look(who, other)

    @rule(child=children, who=readers, note=st.sampled_from(["", "asthma-1", "peanut-2", "asthma-1\npeanut-2"]))
    def write_a_note(self, child: str, who: str, note: str) -> None:
        self._change(child, "medical_note", note)
        self.world.children[child].note = note if self._is_kept(child) else self.world.children[child].note
        self.look(who, child)

    @rule(child=children, who=readers, phone=st.sampled_from(["", "+88 1", "+88 2"]))
    def write_a_phone(self, child: str, who: str, phone: str) -> None:
        self._change(child, "phone", phone)
        self.world.children[child].phone = phone if self._is_kept(child) else self.world.children[child].phone
        self.look(who, child)

    @rule(child=children, who=readers)
    def give_a_login(self, child: str, who: str) -> None:
        taken = any(each.login for each in self.world.children.values())
        if self._is_kept(child) and not taken:
            self._change(child, "user", self.users["pia"])
            self.world.children[child].login = "pia"
        self.look("pia", child)
        self.look(who, child)

    def _change(self, child: str, name: str, value: Any) -> None:
        if self._is_kept(child):
            services.change_student(
                student=self.children[child], fields={name: value}, expected_version=None, by=self.erin
            )

    @rule(role=roles, code=st.sampled_from(CODES), who=readers, child=children)
    def change_a_role(self, role: str, code: str, who: str, child: str) -> None:
        codes = self.world.roles[role].codes
        codes ^= {code}
        set_permissions(role=self.roles[role], permissions=codes, expected_version=None, by=self.erin)
        self.look(who, child)

    @rule(
        who=readers, role=roles, campus=campuses, child=children,
        begins=st.sampled_from([None, -1, 0, 1, 2]), lasts=st.sampled_from([None, 0, 1, 2]),
    )  # fmt: skip
    def give_a_role(
        self, who: str, role: str, campus: str | None, child: str, begins: int | None, lasts: int | None
    ) -> None:
        begins = None if begins is None else self.world.today + begins
        ends = None if lasts is None else (self.world.today if begins is None else begins) + lasts
        self._give(who, role, campus, begins, ends)
        self.look(who, child)

    @rule(who=readers, role=roles, campus=campuses, child=children)
    def withdraw_a_role(self, who: str, role: str, campus: str | None, child: str) -> None:
        if (who, role, campus) in self.world.held:
            at = None if campus is None else self.campuses[campus]
            row = RoleAssignment.objects.get(user=self.users[who], role=self.roles[role], institution=at)
            withdraw_role(assignment=row, by=self.erin)
            del self.world.held[who, role, campus]
        self.look(who, child)

    @rule(campus=st.sampled_from(CAMPUSES), child=children)
    def teach(self, campus: str, child: str) -> None:
        key = ("tess", campus)
        if key in self.world.taught:
            # As if it had never been: what began is history, and ends on another day than this one.
            TeachingAssignment.objects.filter(staff=self.staff, section=self.sections[campus]).delete()
            self.world.taught.remove(key)
        else:
            begins = clock.today("Europe/London")
            assign_teacher(staff=self.staff, section=self.sections[campus], starts_on=begins, by=self.erin)
            self.world.taught.add(key)
        self.look("tess", child)

    @precondition(lambda self: self.world.today < 8)
    @rule(who=readers, child=children)
    def a_day_goes_by(self, who: str, child: str) -> None:
        self.world.today += 1
        self._open.enter_context(clock.frozen(SCHOOL_MOMENT + dt.timedelta(days=self.world.today)))
        self.look(who, child)

    @rule(who=readers, child=children)
    def change_under_a_key(self, who: str, child: str) -> None:
        if not self._is_kept(child):
            return
        version = Student.objects.values_list("version", flat=True).get(pk=self.children[child].pk)
        key, said = f"k{next(_numbers)}", {"preferred_name": f"P{next(_numbers)}", "version": version}
        ask = asking(self.users[who])
        answer = self._send(ask, child, key, said)
        may = self.world.reaches(who, "students.view", child) and self.world.reaches(who, "students.manage", child)
        assert (answer.status_code == 200) == may, (who, child, answer.content)
        if may:
            self.keys.append((who, child, key, said))

    @precondition(lambda self: self.keys)
    @rule(which=st.integers(0, 50))
    def ask_again_under_a_key(self, which: int) -> None:
        who, child, key, said = self.keys[which % len(self.keys)]
        answer = self._send(asking(self.users[who]), child, key, said)
        if answer.status_code == 200:
            shown, now = answer.json(), self.world.record(who, child)
            assert now is not None, f"{who} is given the record of {child} again"
            assert ("medical_note" in shown) <= ("medical_note" in now), f"{who} is given the note of {child} again"

    def _send(self, ask: Asking, child: str, key: str, said: dict[str, Any]) -> Any:
        path = f"students/{self.children[child].sourced_id}"
        return ask.patch(path, said, headers={"Idempotency-Key": key})

    # --- what is seen -------------------------------------------------------------------------------------------------
    def look(self, who: str, child: str) -> None:
        """Through every door; a record that was merged is gone from all that show students."""
        Reading.looked += 1
        ask, student = asking(self.users[who]), self.children[child]
        path, expected = f"students/{student.sourced_id}", self.world.record(who, child)
        answer = ask.get(path)
        seen = answer.json() if answer.status_code == 200 else None
        told = None if seen is None else {name: seen[name] for name in ("phone", "medical_note") if name in seen}
        if told is not None:
            told["places"] = str(len(ask.get(f"{path}/enrolments").json()["results"]))
        assert told == expected, f"{who} reads of {child}: {told} and not {expected}"
        found = ask.get(f"students?q={student.admission_number}")
        listed = found.status_code == 200 and [each["id"] for each in found.json()["results"]] == [
            str(student.sourced_id)
        ]
        assert listed == (expected is not None), f"{who} finds {child}: {listed}"
        if expected is not None or self._is_kept(child):
            self._look_at_contacts(who, child, ask, path)
        self._look_for_guardians(who, ask)
        if self.world.works_here(who) and self._is_kept(child):
            self._look_at_pages(who, child, expected)

    def _look_at_contacts(self, who: str, child: str, ask: Asking, path: str) -> None:
        expected = self.world.contacts(who, child)
        names = {str(each.sourced_id): name for name, each in self.guardians.items()}
        answer = ask.get(f"{path}/guardians")
        seen = None
        if answer.status_code == 200:
            seen = {names[each["guardian_id"]]: each.get("restriction_note") for each in answer.json()["results"]}
        assert seen == expected, f"{who} is told whom to call for {child}: {seen} and not {expected}"
        file = ask.get(f"{path}/guardians?as=csv")
        may = expected is not None and self.world.holds(who, "exports.run")
        assert (file.status_code == 200) == may, f"{who} takes the list of {child}"
        if may:
            text = (b"".join(file) if file.streaming else file.content).decode()
            assert self._named(text) == set(expected or ()), f"{who} takes away, of {child}: {text}"

    def _look_for_guardians(self, who: str, ask: Asking) -> None:
        answer = ask.get("guardians?q=Zzg")
        seen = self._named(answer.content.decode()) if answer.status_code == 200 else set()
        expected = self.world.known(who)
        assert seen == expected, f"{who} finds guardians: {seen} and not {expected}"

    def _look_at_pages(self, who: str, child: str, expected: dict[str, str] | None) -> None:
        browser = Browser(
            Client(headers={"host": f"{current_school().slug}.localhost"}), User.objects.get(pk=self.users[who].pk)
        )
        page = browser.get(f"/office/student/{self.children[child].sourced_id}/")
        assert (page.status_code == 200) == (expected is not None), f"{who} opens the page of {child}"
        if expected is not None:
            text = page.content.decode()
            contacts = self.world.contacts(who, child) or {}
            assert self._named(text) == set(contacts), f"the page of {child} names to {who}: {self._named(text)}"
            orders = {line for each in contacts.values() for line in (each or "").split("\n") if line}
            assert {each for each in ("order-1", "order-2") if each in text} == orders, f"orders of {child} for {who}"
            notes = set(expected.get("medical_note", "").split("\n")) - {""}
            assert {each for each in ("asthma-1", "peanut-2") if each in text} == notes, f"notes of {child} for {who}"
        found = browser.get("/office/find/?q=Zzg")
        if found.status_code == 200:
            named = self._named(found.content.decode())
            assert named == self.world.known(who), f"{who} finds in the office: {named}"

    @staticmethod
    def _named(text: str) -> set[str]:
        return {name for name in GUARDIANS if f"Zz{name}" in text}


@contextmanager
def _undone() -> Iterator[None]:
    forget_school()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    forget_school()


def _run(examples: int, steps: int, *, derandomize: bool = True) -> None:
    Reading.looked = 0
    run_state_machine_as_test(
        Reading,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=derandomize,
            # A history of a few dozen steps says what went wrong; looking for a shorter one takes minutes.
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_everybody_reads_what_they_may_and_nothing_else(in_oak: object, school_day: object) -> None:
    _run(8, 15)
    assert Reading.looked > 40


@pytest.mark.proof
def test_everybody_reads_what_they_may_in_ten_thousand_steps(in_oak: object, school_day: object) -> None:
    _run(200, 50, derandomize=False)
    assert Reading.looked > 6000


def _anybody_linked(user: User, _day: dt.date) -> Q:
    return Q(pk__in=StudentGuardian.objects.filter(guardian__user=user).values("student"))


def _merged_with_a_restriction(school: Reading) -> None:
    school.link(child="c2", guardian="g0", who="gail")
    school.restrict(child="c2", guardian="g0", who="gail", order="order-2")
    school.merge(child="c0", other="c2", who="gail")


def _merged_with_a_phone(school: Reading) -> None:
    school.write_a_phone(child="c2", who="gail", phone="+88 1")
    school.merge(child="c0", other="c2", who="gail")


_come_together = merging._Links.come_together


def _brought_nothing(links: merging._Links, *, brought: bool) -> merging.Moved:
    return _come_together(links, brought=False)


# Where the hole is, what is there instead, and what happens until somebody sees it.
HOLES: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], Callable[[Reading], None]]] = {
    "a barred guardian is listed": (
        lambda patch: patch.setattr("apps.students.api.views.guardians.contacts_shown_to", lambda *_: Q()),
        lambda school: school.restrict(child="c0", guardian="g0", who="sam", order="order-1"),
    ),
    "a closed link lets in": (
        lambda patch: patch.setitem(access_rows._scopes, ("guardian", "student"), _anybody_linked),
        lambda school: school.give_data(child="c0", guardian="g0", who="gail", given=False),
    ),
    "a merge opens what was closed": (
        lambda patch: patch.setattr("apps.students.services.custody.strictest", lambda *_: {}),
        _merged_with_a_restriction,
    ),
    "a merge shows where the child was": (
        lambda patch: patch.setattr(merging._Links, "come_together", _brought_nothing),
        lambda school: school.merge(child="c0", other="c3", who="gail"),
    ),
    "a merge fills gaps before everybody's eyes": (
        lambda patch: patch.setattr("apps.students.services.merging._Links.some_see_only_the_kept", False),
        _merged_with_a_phone,
    ),
}


@pytest.mark.parametrize("hole", HOLES)
def test_a_planted_hole_is_found(
    in_oak: object, school_day: object, monkeypatch: pytest.MonkeyPatch, hole: str
) -> None:
    plant, happens = HOLES[hole]
    for planted in (False, True):
        if planted:
            plant(monkeypatch)
        school = Reading()
        try:
            school.link(child="c0", guardian="g0", who="gail")
            if planted:
                with pytest.raises(AssertionError, match="c0"):
                    happens(school)
            else:
                happens(school)
        finally:
            school.teardown()
