"""Whatever happens to people, roles, days, links and records: everybody reads what they may, and nothing else.

Hypothesis makes up what happens. After each step somebody looks at some child through every door there is, and sees
what a model that shares no code with the school says that they see.
"""

from __future__ import annotations

import copy
import datetime as dt
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from django.db import transaction
from django.db.models import Q
from django.test import Client
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.access.models import Role, RoleAssignment
from apps.access.services.roles import set_permissions, withdraw_role
from apps.accounts.models import User
from apps.institutions.models import Institution, Section
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
# Where more than the record of one child is read; and what it costs, as often as the cheapest.
DOORS = {
    "the search": 1, "a file of students": 1, "the contacts": 1, "a file of contacts": 1, "guardians": 1,
    "the page": 6, "the search of the office": 6,
}  # fmt: skip

readers, children, guardians = st.sampled_from(READERS), st.sampled_from(CHILDREN), st.sampled_from(sorted(GUARDIANS))
roles, campuses = st.sampled_from(sorted(ROLES)), st.sampled_from((None, *CAMPUSES))


@dataclass(slots=True)
class Ground:
    """A school, and what the model says of it."""

    erin: User
    campuses: dict[str, Institution]
    sections: dict[str, Section]
    roles: dict[str, Role]
    users: dict[str, User]
    guardians: dict[str, Guardian]
    children: dict[str, Student]
    staff: StaffMember
    world: World

    def give(self, who: str, role: str, campus: str | None, begins: int | None, ends: int | None) -> None:
        """Let somebody hold a role, between days by their number."""

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


def lay_out() -> Ground:
    """Five children at two campuses, three guardians of whom two are one person, and five who read."""
    erin = a_user(f"erin-{next(_numbers)}", role="administrator")
    years = {name: a_school_year(name=name, sections=("7 B",)) for name in CAMPUSES}
    users = {name: a_user(f"{name}-{next(_numbers)}") for name in READERS}
    children, said = {}, {}
    for number, name in enumerate(CHILDREN):
        campus = CAMPUSES[number % 2]
        children[name] = _a_child(years[campus].section, PLACES[name])
        here = any(begins <= 0 < ends for begins, ends in PLACES[name])
        said[name] = Child(campus, campus if here else None, places=list(PLACES[name]))
    alike = {"given_name": "Sam", "family_name": "Same", "birth_date": dt.date(2014, 3, 3)}
    Student.objects.filter(pk__in=[each.pk for each in children.values()]).update(**alike)
    made = Ground(
        erin=erin,
        campuses={name: year.institution for name, year in years.items()},
        sections={name: year.section for name, year in years.items()},
        roles={
            code: access.create_role(
                name=f"{code} {next(_numbers)}",
                code=f"{code}-{next(_numbers)}",
                permissions=codes,
                scope=scope,
                by=erin,
            )
            for code, (scope, codes) in ROLES.items()
        },
        users=users,
        guardians={
            name: Guardian.objects.create(
                user=None if login is None else users[login],
                given_name=f"Given{name}",
                family_name=f"Zz{name}",
                phone=f"+99 {name} 0{number}",
                # The first and the third are one person, on the books twice.
                email=f"one{number % 2}@x.example",
            )
            for number, (name, login) in enumerate(GUARDIANS.items())
        },
        children=children,
        staff=StaffMember.objects.create(
            institution=years["North"].institution,
            user=users["tess"],
            staff_number=f"T{next(_numbers)}",
            given_name="T",
        ),
        world=World(
            {code: Said(scope, set(codes)) for code, (scope, codes) in ROLES.items()},
            said,
            dict(GUARDIANS),
            {frozenset({"g0", "g2"})},
        ),
    )
    for reader, role in (("sam", "desk"), ("tess", "tutor"), ("gail", "parent"), ("gary", "parent"), ("pia", "pupil")):
        made.give(reader, role, None, None, None)
    return made


def _a_child(section: Section, places: list[tuple[int, int]]) -> Student:
    if not places:
        return some_students(1, institution=section.institution)[0]
    ((begins, ends),) = places
    since = SCHOOL_MOMENT.date() + dt.timedelta(days=begins)
    until = None if ends == ALWAYS[1] else SCHOOL_MOMENT.date() + dt.timedelta(days=ends)
    return some_students(1, section=section, since=since, until=until)[0]


class Reading(RuleBasedStateMachine):
    """What happens at a school, and what is seen of it after each step."""

    # Laid out once for many histories, each of which is undone; else for one alone.
    shared: ClassVar[Ground | None] = None
    # Through every door after every step; else through one after the other, and always at the record itself.
    thorough: ClassVar[bool] = True
    seen: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        self._open.enter_context(_undone())
        self._open.enter_context(clock.frozen(SCHOOL_MOMENT))
        self.at = copy.deepcopy(Reading.shared) if Reading.shared else lay_out()
        self.keys: list[tuple[str, str, str, dict[str, Any]]] = []
        self._asking: dict[tuple[str, int], Asking] = {}
        self._browsers: dict[tuple[str, int], Browser] = {}

    def teardown(self) -> None:
        self._open.close()

    # --- what happens -------------------------------------------------------------------------------------------------
    def _link(self, child: str, guardian: str) -> StudentGuardian:
        return StudentGuardian.objects.get(student=self.at.children[child], guardian=self.at.guardians[guardian])

    def _is_kept(self, child: str) -> bool:
        return not self.at.world.children[child].merged

    @rule(child=children, guardian=guardians, who=readers)
    def link(self, child: str, guardian: str, who: str) -> None:
        self._have_linked(child, guardian)
        self.look(who, child)

    def _have_linked(self, child: str, guardian: str) -> bool:
        """Whether the two are linked from now on: what is said of a link would seldom find one by chance."""
        if self._is_kept(child) and (child, guardian) not in self.at.world.links:
            services.link_guardian(
                student=self.at.children[child], guardian=self.at.guardians[guardian], fields={}, by=self.at.erin
            )
            self.at.world.links[child, guardian] = Link()
        return self._is_kept(child)

    @rule(child=children, guardian=guardians, who=readers, order=st.sampled_from(["", "order-1", "order-2"]))
    def restrict(self, child: str, guardian: str, who: str, order: str) -> None:
        if self._have_linked(child, guardian):
            services.change_guardian_link(
                link=self._link(child, guardian), fields={"restriction_note": order}, by=self.at.erin
            )
            self.at.world.links[child, guardian].order = order
        self.look(who, child)

    @rule(child=children, guardian=guardians, who=readers, given=st.booleans())
    def give_data(self, child: str, guardian: str, who: str, *, given: bool) -> None:
        if self._have_linked(child, guardian):
            services.change_guardian_link(
                link=self._link(child, guardian), fields={"data_access": given}, by=self.at.erin
            )
            self.at.world.links[child, guardian].access = given
        self.look(who, child)

    @rule(child=children, guardian=guardians, who=readers)
    def unlink(self, child: str, guardian: str, who: str) -> None:
        if self._is_kept(child) and (child, guardian) in self.at.world.links:
            services.unlink_guardian(link=self._link(child, guardian), by=self.at.erin)
            self.at.world.unlink(child, guardian)
        self.look(who, child)

    @rule(child=children, other=children, who=readers)
    def merge(self, child: str, other: str, who: str) -> None:
        if child != other and self._is_kept(child) and self._is_kept(other):
            services.merge_students(keep=self.at.children[child], duplicate=self.at.children[other], by=self.at.erin)
            self.at.world.merge(child, other)
        self.look(who, child)
        self._look_at_the_record(who, other)

    @rule(child=children, who=readers, note=st.sampled_from(["", "asthma-1", "peanut-2", "asthma-1\npeanut-2"]))
    def write_a_note(self, child: str, who: str, note: str) -> None:
        self._change(child, "medical_note", note)
        self.at.world.children[child].note = note if self._is_kept(child) else self.at.world.children[child].note
        self.look(who, child)

    @rule(child=children, who=readers, phone=st.sampled_from(["", "+88 1", "+88 2"]))
    def write_a_phone(self, child: str, who: str, phone: str) -> None:
        self._change(child, "phone", phone)
        self.at.world.children[child].phone = phone if self._is_kept(child) else self.at.world.children[child].phone
        self.look(who, child)

    @rule(child=children, who=readers)
    def give_a_login(self, child: str, who: str) -> None:
        taken = any(each.login for each in self.at.world.children.values())
        if self._is_kept(child) and not taken:
            self._change(child, "user", self.at.users["pia"])
            self.at.world.children[child].login = "pia"
        self.look("pia" if who == "sam" else who, child)

    def _change(self, child: str, name: str, value: Any) -> None:
        if self._is_kept(child):
            services.change_student(
                student=self.at.children[child], fields={name: value}, expected_version=None, by=self.at.erin
            )

    @rule(role=roles, code=st.sampled_from(CODES), who=readers, child=children)
    def change_a_role(self, role: str, code: str, who: str, child: str) -> None:
        codes = self.at.world.roles[role].codes
        codes ^= {code}
        set_permissions(role=self.at.roles[role], permissions=codes, expected_version=None, by=self.at.erin)
        self.look(who, child)

    @rule(
        who=readers, role=roles, campus=campuses, child=children,
        begins=st.sampled_from([None, -1, 0, 1, 2]), lasts=st.sampled_from([None, 0, 1, 2]),
    )  # fmt: skip
    def give_a_role(
        self, who: str, role: str, campus: str | None, child: str, begins: int | None, lasts: int | None
    ) -> None:
        begins = None if begins is None else self.at.world.today + begins
        ends = None if lasts is None else (self.at.world.today if begins is None else begins) + lasts
        self.at.give(who, role, campus, begins, ends)
        self.look(who, child)

    @rule(who=readers, role=roles, campus=campuses, child=children)
    def withdraw_a_role(self, who: str, role: str, campus: str | None, child: str) -> None:
        if (who, role, campus) in self.at.world.held:
            at = None if campus is None else self.at.campuses[campus]
            row = RoleAssignment.objects.get(user=self.at.users[who], role=self.at.roles[role], institution=at)
            withdraw_role(assignment=row, by=self.at.erin)
            del self.at.world.held[who, role, campus]
        self.look(who, child)

    @rule(campus=st.sampled_from(CAMPUSES), child=children)
    def teach(self, campus: str, child: str) -> None:
        key = ("tess", campus)
        if key in self.at.world.taught:
            # As if it had never been: what began is history, and ends on another day than this one.
            TeachingAssignment.objects.filter(staff=self.at.staff, section=self.at.sections[campus]).delete()
            self.at.world.taught.remove(key)
        else:
            begins = clock.today("Europe/London")
            assign_teacher(staff=self.at.staff, section=self.at.sections[campus], starts_on=begins, by=self.at.erin)
            self.at.world.taught.add(key)
        self.look("tess", child)

    @precondition(lambda self: self.at.world.today < 8)
    @rule(who=readers, child=children)
    def a_day_goes_by(self, who: str, child: str) -> None:
        self.at.world.today += 1
        self._open.enter_context(clock.frozen(SCHOOL_MOMENT + dt.timedelta(days=self.at.world.today)))
        self.look(who, child)

    @rule(who=readers, child=children)
    def change_under_a_key(self, who: str, child: str) -> None:
        if self._is_kept(child):
            version = Student.objects.values_list("version", flat=True).get(pk=self.at.children[child].pk)
            key, said = f"k{next(_numbers)}", {"preferred_name": f"P{next(_numbers)}", "version": version}
            answer = self._send(who, child, key, said)
            may = self.at.world.reaches(who, "students.manage", child)
            assert (answer.status_code == 200) == may, (who, child, answer.content)
            if may:
                self.at.world.children[child].called = said["preferred_name"]
                noted = self.at.world.reaches(who, "students.view_medical", child)
                assert ("medical_note" in answer.json()) == noted, f"{who} changed {child} and is told of the note"
                self.keys.append((who, child, key, said))
        self.look(who, child)

    @precondition(lambda self: self.keys)
    @rule(which=st.integers(0, 50))
    def ask_again_under_a_key(self, which: int) -> None:
        who, child, key, said = self.keys[which % len(self.keys)]
        answer = self._send(who, child, key, said)
        Reading.seen["a replay"] += 1
        if answer.status_code == 200:
            shown, kept, reaches = answer.json(), self._became(child), self.at.world.reaches
            # Who changes a record is answered what it is by then, whether or not they may look for it.
            may = reaches(who, "students.view", kept) or reaches(who, "students.manage", kept)
            assert may, f"{who} is given the record of {child} again"
            noted = reaches(who, "students.view_medical", kept)
            assert ("medical_note" in shown) <= noted, f"{who} is given the note of {child} again"
        self.look(who, child)

    def _became(self, child: str) -> str:
        """The child as whose record what was said of this one is kept by now."""
        while into := self.at.world.children[child].became:
            child = into
        return child

    def _send(self, who: str, child: str, key: str, said: dict[str, Any]) -> Any:
        return self.ask(who).patch(self._path(child), said, headers={"Idempotency-Key": key})

    # --- what is seen -------------------------------------------------------------------------------------------------
    def ask(self, who: str) -> Asking:
        """Somebody with a token of today's: one is good for minutes, and days go by."""
        key = (who, self.at.world.today)
        if key not in self._asking:
            self._asking[key] = asking(self.at.users[who])
        return self._asking[key]

    def browse(self, who: str) -> Browser:
        key = (who, self.at.world.today)
        if key not in self._browsers:
            client = Client(headers={"host": f"{current_school().slug}.localhost"})
            self._browsers[key] = Browser(client, User.objects.get(pk=self.at.users[who].pk))
        return self._browsers[key]

    def look(self, who: str, child: str) -> None:
        """At the record, and through every other door or the next; what was merged is gone from all of them."""
        doors = [each for each in DOORS if self._is_there(each, who, child)]
        if not Reading.thorough:
            # The one that was come through least often: pages cost ten times what the API does.
            doors = [min(doors, key=lambda each: Reading.seen[each] * DOORS[each])]
        for each in ("the record", *doors):
            Reading.seen[each] += 1
            getattr(self, f"_look_at_{each.replace(' ', '_')}")(who, child)

    def _is_there(self, door: str, who: str, child: str) -> bool:
        if door in {"the contacts", "a file of contacts"}:
            return self.at.world.record(who, child) is not None or self._is_kept(child)
        if door in {"the page", "the search of the office"}:
            return self.at.world.works_here(who) and self._is_kept(child)
        return True

    def _look_at_the_record(self, who: str, child: str) -> None:
        answer, expected = self.ask(who).get(self._path(child)), self.at.world.record(who, child)
        seen = answer.json() if answer.status_code == 200 else None
        told = None if seen is None else {name: seen[name] for name in ("phone", "medical_note") if name in seen}
        if told is not None:
            told["places"] = str(len(self.ask(who).get(f"{self._path(child)}/enrolments").json()["results"]))
        assert told == expected, f"{who} reads of {child}: {told} and not {expected}"

    def _path(self, child: str) -> str:
        return f"students/{self.at.children[child].sourced_id}"

    def _look_at_the_search(self, who: str, child: str) -> None:
        student, expected = self.at.children[child], self.at.world.record(who, child)
        found = self.ask(who).get(f"students?q={student.admission_number}")
        listed = found.status_code == 200 and [each["id"] for each in found.json()["results"]] == [
            str(student.sourced_id)
        ]
        assert listed == (expected is not None), f"{who} finds {child}: {listed}"

    def _look_at_a_file_of_students(self, who: str, child: str) -> None:
        file = self.ask(who).get("students?as=csv")
        may = self.at.world.holds(who, "exports.run") and self.at.world.holds(who, "students.view")
        assert (file.status_code == 200) == may, f"{who} takes the list of students, {child} among them"
        if may:
            text = _text(file)
            taken = {name for name, student in self.at.children.items() if student.admission_number in text}
            expected = {name for name in CHILDREN if self.at.world.record(who, name) is not None}
            assert taken == expected, f"{who} takes away {taken} and not {expected}, {child} among them"

    def _look_at_the_contacts(self, who: str, child: str) -> None:
        expected = self.at.world.contacts(who, child)
        names = {str(each.sourced_id): name for name, each in self.at.guardians.items()}
        answer = self.ask(who).get(f"{self._path(child)}/guardians")
        seen = None
        if answer.status_code == 200:
            seen = {names[each["guardian_id"]]: each.get("restriction_note") for each in answer.json()["results"]}
        assert seen == expected, f"{who} is told whom to call for {child}: {seen} and not {expected}"

    def _look_at_a_file_of_contacts(self, who: str, child: str) -> None:
        expected = self.at.world.contacts(who, child)
        file = self.ask(who).get(f"{self._path(child)}/guardians?as=csv")
        may = expected is not None and self.at.world.holds(who, "exports.run")
        assert (file.status_code == 200) == may, f"{who} takes the list of {child}"
        if may:
            text = _text(file)
            assert self._named(text) == set(expected or ()), f"{who} takes away, of {child}: {text}"

    def _look_at_guardians(self, who: str, child: str) -> None:
        answer = self.ask(who).get("guardians?q=Zzg")
        seen = self._named(answer.content.decode()) if answer.status_code == 200 else set()
        expected = self.at.world.known(who)
        assert seen == expected, f"{who} finds guardians: {seen} and not {expected}, after what befell {child}"

    def _look_at_the_page(self, who: str, child: str) -> None:
        expected = self.at.world.record(who, child)
        page = self.browse(who).get(f"/office/student/{self.at.children[child].sourced_id}/")
        assert (page.status_code == 200) == (expected is not None), f"{who} opens the page of {child}"
        if expected is None:
            return
        text = page.content.decode()
        contacts = self.at.world.contacts(who, child) or {}
        assert self._named(text) == set(contacts), f"the page of {child} names to {who}: {self._named(text)}"
        orders = {line for each in contacts.values() for line in (each or "").split("\n") if line}
        assert {each for each in ("order-1", "order-2") if each in text} == orders, f"orders of {child} for {who}"
        notes = set(expected.get("medical_note", "").split("\n")) - {""}
        assert {each for each in ("asthma-1", "peanut-2") if each in text} == notes, f"notes of {child} for {who}"

    def _look_at_the_search_of_the_office(self, who: str, child: str) -> None:
        found = self.browse(who).get("/office/find/?q=Zzg")
        if found.status_code == 200:
            named = self._named(found.content.decode())
            assert named == self.at.world.known(who), f"{who} finds in the office: {named}, after what befell {child}"

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


def _text(file: Any) -> str:
    content: bytes = b"".join(file) if file.streaming else file.content
    return content.decode()


def _run(examples: int, steps: int, *, derandomize: bool = True) -> None:
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
    Reading.seen.clear()
    _run(8, 15)
    assert Reading.seen["the record"] > 40
    assert all(Reading.seen[door] for door in DOORS)


@pytest.fixture
def one_door_at_a_time(in_oak: object, school_day: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Many steps for little: one ground for all histories, and after each step the record and one door more."""
    monkeypatch.setattr(Reading, "thorough", False)
    with _undone():
        monkeypatch.setattr(Reading, "shared", lay_out())
        yield


# Two halves: each begins with nothing seen.
@pytest.mark.proof
@pytest.mark.parametrize("half", ["one", "other"])
def test_everybody_reads_what_they_may_in_ten_thousand_steps(one_door_at_a_time: None, half: str) -> None:
    Reading.seen.clear()
    # A step is one thing that happens and the record that somebody then reads, and one door more. A history ends when
    # hypothesis likes.
    while Reading.seen["the record"] < 5_000:
        _run(20, 50, derandomize=False)
    assert min(Reading.seen[door] for door in (*DOORS, "a replay")) >= 100


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


@pytest.mark.parametrize("hole", HOLES)
def test_a_planted_hole_is_found_through_one_door_at_a_time(
    one_door_at_a_time: None, monkeypatch: pytest.MonkeyPatch, hole: str
) -> None:
    """Whoever comes by while the doors take turns: each is gone through once in so many steps."""
    plant, happens = HOLES[hole]
    plant(monkeypatch)
    school = Reading()

    def go_on() -> None:
        school.link(child="c0", guardian="g0", who="gail")
        happens(school)
        for _ in range(3 * sum(DOORS.values())):
            for who in ("sam", "gail"):
                school.look(who, "c0")

    try:
        with pytest.raises(AssertionError, match="c0"):
            go_on()
    finally:
        school.teardown()
