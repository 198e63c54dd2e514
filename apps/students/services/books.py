"""The books of a school, held and changed: one rule, one place, for one student and for a thousand.

``place`` takes N wishes (``placing.Wish``), looks at them in their order, each as if those before it were done, and
does those that can be: the same rows, refusals and lines of the trail as N calls with one wish each. The form calls it
with one, the sheet, the import and the API's bulk endpoint with many.

Statements: a fixed number for any number of wishes, in batches of a thousand. Locks, in this order and each in the
order of keys: the students, their enrolments, the sections that have a capacity or where a roll number is wanted. None
of them makes a roll wait. What cannot be seen under these locks (a year that is closed or moved this moment, an
admission or a roll number that another transaction writes) is found by the database, refuses the whole call, and is
named like the rest.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.institutions.models import AcademicYear, Section
from apps.institutions.selectors import Todays
from apps.students import errors
from apps.students.events import ClassRostersChanged, StudentsEnrolled, StudentsMoved
from apps.students.models import ClassEnrolment, Enrolment, SectionMembership, Student
from apps.students.services.held import (
    DEFERRED,
    EXPLAINED,
    MANAGE,
    Result,
    admitted_as,
    give_login,
    hold,
    logged_in_as,
    reached,
    refuse_login,
)
from apps.students.services.placing import (
    Admission,
    ClassPlace,
    Placement,
    ReEnrolment,
    SectionPlace,
    Wish,
    refuse_outside_year,
    refuse_the_past,
)
from schoolops import clock, events
from schoolops.audit import bulk, trail
from schoolops.constraints import explains
from schoolops.errors import SchoolOpsError, Unavailable
from schoolops.folding import fold


@transaction.atomic
def put_on_books(wishes: Sequence[Wish], *, reason: str = "", by: User) -> Result:
    """Do those of ``wishes`` that can be done, and say of the others why not.

    Refused row by row: OutOfReach, UserUnknown, StudentMerged, PastDay, NotInYear, YearIsClosed, AdmissionNumberTaken,
    LoginTaken, AlreadyEnrolled, NotEnrolled, WrongSection, AlreadyInSection, SectionFull, RollNumberTaken, WrongClass,
    AlreadyInClass.

    Raises:
        PermissionMissing; and for all of them what another transaction did this moment: YearIsClosed,
        YearChangedMeanwhile, AdmissionNumberTaken, RollNumberTaken.
    """
    access.require(by, MANAGE)
    placed = Result([None] * len(wishes))
    if not wishes:
        return placed
    books = _Books(wishes, reason=reason, by=by)
    for number, wish in enumerate(wishes):
        try:
            placed.rows[number] = books.consider(wish)
        except Unavailable:
            raise
        except SchoolOpsError as refusal:
            placed.refused[number] = refusal
        else:
            if books.left is not None:
                placed.left[number] = books.left
    books.write()
    return placed


def _spans_meet(one: Any, starts: dt.date, until: dt.date) -> bool:
    begins = one.entered_on if isinstance(one, Enrolment) else one.starts_on
    return clock.meet((begins, one.until), (starts, until))


class _Books:
    """What is known of these students, held; and what is to be written."""

    def __init__(self, wishes: Sequence[Wish], *, reason: str, by: User) -> None:
        self.reason, self.by = reason, by
        self.left: tuple[int, dt.date | None] | None = None
        self._hold(wishes)
        self._look_up(wishes)
        self.new_students: list[Student] = []
        self.new_enrolments: list[Enrolment] = []
        self.new_members: list[SectionMembership] = []
        self.new_places: list[ClassEnrolment] = []
        self.cut: dict[int, SectionMembership] = {}
        self.gone: set[int] = set()
        self.entries: list[Any] = []
        self.enrolled: list[Enrolment] = []
        self.moved: dict[int, dt.date] = {}
        self.joined: dict[int, list[int]] = defaultdict(list)

    # --- what is there ------------------------------------------------------------------------------------------------
    def _hold(self, wishes: Sequence[Wish]) -> None:
        keys = {wish.student.pk for wish in wishes} - {None}
        self.students = hold(keys)
        self.enrolments: dict[int, list[Enrolment]] = defaultdict(list)
        if keys:
            # Held, so that no year is closed between reading and writing.
            held = Enrolment.objects.select_for_update(of=("self",), no_key=True).filter(student__in=keys)
            for row in held.select_related("year").order_by("pk"):
                row.student = self.students[row.student_id]
                self.enrolments[row.student_id].append(row)
        limited = set()
        for wish in wishes:
            section, number = _section_of(wish)
            if section is not None and (section.capacity is not None or number is not None):
                limited.add(section.pk)
        sections = Section.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=limited).order_by("pk")
        self.sections: dict[int, Section] = {each.pk: each for each in sections} if limited else {}

    def _look_up(self, wishes: Sequence[Wish]) -> None:
        self.today = Todays()
        self.at = access_rows.institutions_of(self.by, MANAGE)
        self.reached = reached(self.students, MANAGE, by=self.by)
        self.members: dict[int, list[SectionMembership]] = defaultdict(list)
        self.mine: dict[int, list[SectionMembership]] = defaultdict(list)
        if any(_section_of(wish)[0] is not None for wish in wishes):
            wanted = Q(student__in=self.students) | Q(section__in=self.sections)
            for member in SectionMembership.objects.filter(wanted).select_related("section__year").order_by("pk"):
                self.members[member.section_id].append(member)
                self.mine[member.student_id].append(member)
        self.places: dict[tuple[int, int], list[ClassEnrolment]] = defaultdict(list)
        if classes := {wish.course_class.pk for wish in wishes if isinstance(wish, ClassPlace)}:
            held = ClassEnrolment.objects.filter(course_class__in=classes, student__in=self.students)
            for place in held.select_related("course_class__year"):
                self.places[place.course_class_id, place.student_id].append(place)
        admissions = [wish for wish in wishes if isinstance(wish, Admission)]
        self.numbers = admitted_as(wish.student.admission_number for wish in admissions)
        self.logins = logged_in_as(Student, [wish.fields for wish in admissions])

    # --- one wish -----------------------------------------------------------------------------------------------------
    def consider(self, wish: Wish) -> Any:
        """What the wish begins, and what it changes on the way. Raises why it cannot be, and then nothing changed."""
        self.left = None
        if isinstance(wish, Admission):
            return self._admit(wish)
        student = self.students[wish.student.pk]
        if student.pk not in self.reached:
            access.refuse(MANAGE, "row", OutOfReach(), kind="student")
        if student.merged_into_id is not None:
            raise errors.StudentMerged
        if isinstance(wish, ReEnrolment):
            return self._re_enrol(student, wish.placement)
        return self._sit(student, wish) if isinstance(wish, SectionPlace) else self._join(student, wish)

    def _may(self, institution_id: int) -> None:
        if self.at is not None and institution_id not in self.at:
            access.refuse(MANAGE, "institution", OutOfReach())

    def _admit(self, wish: Admission) -> Enrolment | None:
        student, placement = wish.student, wish.placement
        self._may(student.institution_id)
        access.require_login(self.by, MANAGE, wish.fields.get("user"))
        number = (student.institution_id, fold(student.admission_number))
        if self.numbers.another_has(number, student):
            raise errors.AdmissionNumberTaken(number=student.admission_number)
        refuse_login(self.logins, student, wish.fields)
        begun = None if placement is None else self._begin(student, placement, [])
        self.numbers.give(student, None, number)
        give_login(self.logins, student, wish.fields, was=None)
        self.new_students.append(student)
        said = placement.for_the_trail() if placement else {}
        self._say("students.admitted", student, after={**wish.fields, **said})
        return None if begun is None else begun[0]

    def _re_enrol(self, student: Student, placement: Placement) -> Enrolment:
        held = self.enrolments[student.pk]
        enrolment, member = self._begin(student, placement, held)
        held.append(enrolment)
        if member is not None:
            self.mine[student.pk].append(member)
        self.enrolled.append(enrolment)
        self._say("students.enrolled", student, after=placement.for_the_trail())
        return enrolment

    def _begin(
        self, student: Student, placement: Placement, held: Iterable[Enrolment]
    ) -> tuple[Enrolment, SectionMembership | None]:
        year, day, exited_on = placement.year, placement.entered_on, placement.exited_on
        self._may(year.institution_id)
        refuse_the_past(day, today=self.today[year.institution_id], reason=self.reason)
        for each in (day,) if exited_on is None or exited_on == year.over_on else (day, exited_on):
            refuse_outside_year(year, each)
        enrolment = Enrolment(
            student=student,
            institution_id=year.institution_id,
            year=year,
            grade_level=placement.grade_level,
            entered_on=day,
            entry_kind=placement.entry_kind,
            exited_on=exited_on,
            exit_kind=Enrolment.Exit.OTHER if exited_on else "",
        )
        if any(each.primary and _spans_meet(each, day, enrolment.until) for each in held):
            raise errors.AlreadyEnrolled
        member = None
        if placement.section is not None:
            member = self._member(enrolment, placement.section, day, exited_on, placement.roll_number)
            self._add_member(member)
        self.new_enrolments.append(enrolment)
        return enrolment, member

    def _member(
        self, enrolment: Enrolment, section: Section, day: dt.date, ends_on: dt.date | None, number: int | None
    ) -> SectionMembership:
        """A membership that can be. Raises ``WrongSection``, ``SectionFull``, ``RollNumberTaken``."""
        group = (enrolment.institution_id, enrolment.year_id, enrolment.grade_level_id)
        if (section.institution_id, section.year_id, section.grade_level_id) != group:
            raise errors.WrongSection(section=str(section))
        section.year, until = enrolment.year, ends_on or enrolment.until
        there = [member for member in self.members[section.pk] if _spans_meet(member, day, until)]
        capacity = self.sections[section.pk].capacity if section.pk in self.sections else None
        if capacity is not None and len(there) >= capacity:
            raise errors.SectionFull(section=str(section), capacity=capacity, day=day)
        if number is not None and any(each.roll_number == number for each in there):
            raise errors.RollNumberTaken
        return SectionMembership(
            enrolment=enrolment,
            student=enrolment.student,
            section=section,
            starts_on=day,
            ends_on=ends_on,
            roll_number=number,
        )

    def _add_member(self, member: SectionMembership) -> None:
        self.members[member.section_id].append(member)
        self.new_members.append(member)

    def _enrolled(self, student: Student, day: dt.date) -> Enrolment | None:
        return next(
            (enrolment for enrolment in self.enrolments[student.pk] if enrolment.primary and enrolment.holds(day)), None
        )

    def _sit(self, student: Student, wish: SectionPlace) -> SectionMembership:
        day = wish.starts_on
        refuse_the_past(day, today=self.today[student.institution_id], reason=self.reason)
        enrolment = self._enrolled(student, day)
        if enrolment is None:
            raise errors.NotEnrolled(day=day)
        refuse_outside_year(enrolment.year, day)
        mine = [each for each in self.mine[student.pk] if _is_of(each, enrolment)]
        current = next((each for each in mine if each.holds(day)), None)
        if current is not None and current.section_id == wish.section.pk:
            raise errors.AlreadyInSection(day=day)
        later = [each.starts_on for each in mine if day < each.starts_on < each.until]
        ends_on = current.ends_on if wish.as_before and current is not None else wish.ends_on
        ends_on = min((each for each in (ends_on, enrolment.exited_on) if each is not None), default=None)
        if wish.ends_on is None:
            ends_on = min([*later, *([ends_on] if ends_on else [])], default=None)
        elif any(each < wish.ends_on for each in later):
            raise errors.AlreadyEnrolled
        member = self._member(enrolment, wish.section, day, ends_on, wish.roll_number)
        left = None if current is None else current.section_id
        if current is not None:
            self._leave(current, day)
        self._add_member(member)
        self.mine[student.pk].append(member)
        self.moved[student.pk] = min(day, self.moved.get(student.pk, day))
        after = {"section_id": wish.section.pk, "section": wish.section, "on": day, "ends_on": ends_on}
        self._say("students.moved-section", student, before={"section_id": left}, after=after)
        return member

    def _leave(self, current: SectionMembership, day: dt.date) -> None:
        """It ends on ``day``; one that would then cover no day is taken away."""
        if current.pk is not None:
            self.left = (current.pk, current.ends_on)
        if current.starts_on < day:
            current.ends_on = day
            if current.pk is not None:
                self.cut[current.pk] = current
            return
        self.members[current.section_id].remove(current)
        self.mine[current.student_id].remove(current)
        if current in self.new_members:
            self.new_members.remove(current)
        else:
            self.cut.pop(current.pk, None)
            self.gone.add(current.pk)

    def _join(self, student: Student, wish: ClassPlace) -> ClassEnrolment:
        taught, day = wish.course_class, wish.starts_on
        self._may(taught.institution_id)
        refuse_outside_year(taught.year, day)
        refuse_the_past(day, today=self.today[taught.institution_id], reason=self.reason)
        enrolment = self._enrolled(student, day)
        group = (taught.institution_id, taught.year_id)
        if enrolment is None or (enrolment.institution_id, enrolment.year_id) != group:
            raise errors.WrongClass(title=taught.title)
        ends_on = min((each for each in (wish.ends_on, enrolment.exited_on) if each is not None), default=None)
        there = self.places[taught.pk, student.pk]
        if any(_spans_meet(each, day, ends_on or taught.year.over_on) for each in there):
            raise errors.AlreadyInClass
        place = ClassEnrolment(course_class=taught, student=student, starts_on=day, ends_on=ends_on)
        there.append(place)
        self.new_places.append(place)
        self.joined[taught.pk].append(student.pk)
        after = {"class": taught, "title": taught.title, "on": day, "ends_on": ends_on}
        self._say("students.joined-class", student, after=after)
        return place

    def _say(self, action: str, student: Student, **facts: Any) -> None:
        self.entries.append((action, student, facts))

    # --- all of them --------------------------------------------------------------------------------------------------
    def write(self) -> None:
        """Everything that was accepted, with its lines of the trail and its events."""
        with explains(EXPLAINED, deferred=DEFERRED if self.new_members or self.cut else ()):
            _insert(self.new_students)
            _insert(self.new_enrolments)
            if self.gone:
                SectionMembership.objects.filter(pk__in=self.gone).delete()
            if self.cut:
                SectionMembership.objects.bulk_update(self.cut.values(), ["ends_on"], batch_size=bulk.BATCH)
            _insert(self.new_members)
            _insert(self.new_places)
        self._refuse_closed_meanwhile()
        trail.record_many(
            trail.entry_of(self.by, action, student, reason=self.reason, **facts)
            for action, student, facts in self.entries
        )
        if self.enrolled:
            students = tuple(each.student_id for each in self.enrolled)
            events.publish(StudentsEnrolled(students, tuple(each.pk for each in self.enrolled)))
        publish_moved(self.moved)
        if self.joined:
            events.publish(ClassRostersChanged.of(self.joined))

    def _refuse_closed_meanwhile(self) -> None:
        # Asked after writing: an enrolment's foreign key waits for whoever is closing the year, and holds up the next.
        years = {enrolment.year_id: enrolment.year for enrolment in self.new_enrolments}
        closed = AcademicYear.objects.filter(pk__in=years, state=AcademicYear.State.CLOSED).first() if years else None
        if closed is not None:
            raise errors.YearIsClosed(year=closed.name)


def _is_of(member: SectionMembership, enrolment: Enrolment) -> bool:
    # One that is yet to be written has no key.
    return member.enrolment_id == enrolment.pk if member.enrolment_id else member.enrolment is enrolment


def _section_of(wish: Wish) -> tuple[Section | None, int | None]:
    if isinstance(wish, SectionPlace):
        return wish.section, wish.roll_number
    if isinstance(wish, ClassPlace) or wish.placement is None:
        return None, None
    return wish.placement.section, wish.placement.roll_number


def _insert(rows: Sequence[Any]) -> None:
    if rows:
        type(rows[0])._default_manager.bulk_create(rows, batch_size=bulk.BATCH)


def publish_moved(since: Mapping[int, dt.date]) -> None:
    """Say of many students at once that they belong to other sections: student → from which day on."""
    if since:
        events.publish(StudentsMoved(tuple(sorted(since)), min(since.values())))
