"""Papers: one core that takes N of them, and says of each with what it clashes; a single one is N = 1."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.examinations.errors import (
    ComponentsHaveMarks,
    GroupBusy,
    InvigilatorBusy,
    PaperChangedMeanwhile,
    PaperHasMarks,
    PapersRefused,
    PaperTwice,
    PaperUnknown,
    ResultsArePublished,
    RoomTaken,
    ScoresAboveMaximum,
)
from apps.examinations.events import PapersChanged
from apps.examinations.models import Exam, ExamSession, Gradebook, GradingScale, Invigilation
from apps.examinations.services.clashes import Slot, clashes
from apps.examinations.services.sessions import session_for_update
from apps.institutions.models import AcademicYear, Course, CourseClass, Institution, Section
from apps.institutions.selectors import today_at
from apps.staff.models import StaffMember
from schoolops import events
from schoolops.audit import bulk, trail
from schoolops.constraints import explains
from schoolops.errors import FieldError

# The database has the last word: what is found out before is said with what it clashes.
CLASHES = {
    "exam_once": PaperTwice,
    "exam_room_free": RoomTaken,
    "exam_section_free": GroupBusy,
    "exam_class_free": GroupBusy,
    "invigilator_free": InvigilatorBusy,
}


@dataclass(frozen=True, slots=True)
class Paper:
    """What is said of a paper: a class, or a section and a course; times of its campus; from 0 to ``max_marks``."""

    day: dt.date
    starts_at: dt.time
    ends_at: dt.time
    max_marks: Decimal
    scale_id: UUID
    section_id: UUID | None = None
    class_id: UUID | None = None
    course_id: UUID | None = None
    title: str = ""
    room: str = ""
    pass_marks: Decimal | None = None
    invigilator_ids: tuple[UUID, ...] = ()


@transaction.atomic
def add_papers(*, session: UUID, papers: Sequence[Paper], by: User) -> list[Exam]:
    """Set papers of a session, all or none; the same number of statements for one and for a whole timetable.

    Raises:
        PermissionMissing, OutOfReach, SessionUnknown, YearIsClosed, SessionCancelled, ResultsArePublished,
        PapersRefused (naming each paper and with what it clashes), PaperTwice, RoomTaken, GroupBusy, InvigilatorBusy.
    """
    held = _open_session(session, by)
    book = _Book.of(held, papers)
    exams, refused = [], []
    for number, said in enumerate(papers):
        wrong = list(book.wrong(said))
        refused += [_at(f"papers.{number}", each) for each in wrong]
        exams += [] if wrong else [book.exam_of(said)]
    people = [book.people(said) for said in papers]
    if not refused:
        found = _clashes(held, exams, people)
        refused = [_at(f"papers.{number}", each) for number, each in found]
    if refused:
        raise PapersRefused(errors=refused)
    after = [_told(exam, there) for exam, there in zip(exams, people, strict=True)]
    with explains(CLASHES):
        written = bulk.added(exams, by=by, action="examinations.paper-added", after=after)
        _invigilate(zip(written, people, strict=True))
    events.publish(PapersChanged(held.pk))
    return written


@transaction.atomic
def change_paper(*, paper: UUID, values: Mapping[str, Any], expected_version: int | None, by: User) -> Exam:
    """Change a paper; whose it is, and of which course, stays. ``values`` by field of ``Paper``.

    Raises:
        PermissionMissing, OutOfReach, PaperUnknown, YearIsClosed, SessionCancelled, ResultsArePublished,
        PaperChangedMeanwhile, PapersRefused (naming each field), ScoresAboveMaximum, ComponentsHaveMarks, PaperTwice,
        RoomTaken, GroupBusy, InvigilatorBusy.
    """
    exam = exam_for_update(paper, by)
    if expected_version is not None and exam.version != expected_version:
        raise PaperChangedMeanwhile(version=exam.version)
    said = dataclasses.replace(_said(exam), **values)
    book = _Book.of(exam.session, [said], changing=exam)
    if refused := list(book.wrong(said)):
        raise PapersRefused(errors=refused)
    wanted, people = book.exam_of(said), book.people(said)
    wanted.pk = exam.pk
    moved = wanted.day != exam.day
    if not moved:
        # Whoever sat it that day did, whatever the class is taught to by now.
        wanted.section, wanted.course = exam.section, exam.course
    if clashing := _clashes(exam.session, [wanted], [people]):
        raise PapersRefused(errors=[each for _, each in clashing])
    if exam.parts and wanted.max_marks != exam.max_marks and exam.marks.exists():
        raise ComponentsHaveMarks
    before, after = _told(exam, _people_of(exam)), _told(wanted, people)
    changed = [name for name in after if before[name] != after[name]]
    if not changed:
        return exam
    wanted.sourced_id, wanted.version = exam.sourced_id, exam.version + 1
    with explains({**CLASHES, "mark_within_paper": lambda: ScoresAboveMaximum(most=wanted.max_marks)}):
        exam.invigilations.exclude(staff__in=[person.pk for person in people]).delete()
        # Those who stay follow the paper to its new time, by the database.
        wanted.save(update_fields=[*(set(PLAIN) - {"day"}), *(WHEN_MOVED if moved else ()), "scale", "version"])
        there = set(exam.invigilations.values_list("staff_id", flat=True))
        _invigilate([(wanted, [person for person in people if person.pk not in there])])
    trail.record(
        by,
        "examinations.paper-changed",
        wanted,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )
    events.publish(PapersChanged(wanted.session_id))
    return wanted


@transaction.atomic
def remove_paper(*, paper: UUID, by: User) -> None:
    """Remove a paper of which nobody was ever marked.

    Raises:
        PermissionMissing, OutOfReach, PaperUnknown, YearIsClosed, SessionCancelled, ResultsArePublished,
        PaperHasMarks.
    """
    exam = exam_for_update(paper, by)
    if exam.mark_changes.exists():
        raise PaperHasMarks
    trail.record(by, "examinations.paper-removed", exam, before=_told(exam, _people_of(exam)))
    exam.delete()
    events.publish(PapersChanged(exam.session_id))


def follow_class(*, course_class: int) -> None:
    """Let the papers of a class from today on, and its gradebooks of terms that are not over, be of the section it is
    now taught to. Those of the past stay.

    Raises:
        GroupBusy: that section sits another paper at that time.
    """
    taught = CourseClass.objects.select_related("institution").get(pk=course_class)
    today = today_at(taught.institution)
    ahead = Exam.objects.filter(course_class=taught, day__gte=today)
    with explains(CLASHES):
        ahead.update(section=taught.section_id)
    Gradebook.objects.filter(course_class=taught, term__ends_on__gte=today).update(section=taught.section_id)


def _open_session(session: UUID, by: User) -> ExamSession:
    held = session_for_update(session, "exams.manage", by)
    if held.results_published_at is not None:
        raise ResultsArePublished
    # Whoever sets papers at this campus waits here, so that what is found to be free is so.
    Institution.objects.select_for_update(no_key=True).get(pk=held.term.year.institution_id)
    return held


def exam_for_update(paper: UUID, by: User) -> Exam:
    """A paper that ``by`` may change, locked with its session and campus.

    Raises:
        PermissionMissing, OutOfReach, PaperUnknown, YearIsClosed, SessionCancelled, ResultsArePublished.
    """
    access.require(by, "exams.manage")
    session = ExamSession.objects.filter(exams__sourced_id=paper).values_list("sourced_id", flat=True).first()
    if session is None:
        raise PaperUnknown
    held = _open_session(session, by)
    exam: Exam | None = (
        Exam.objects.select_for_update(no_key=True, of=("self",))
        .select_related("section__grade_level", "course_class", "course", "scale")
        .filter(sourced_id=paper)
        .first()
    )
    if exam is None:
        raise PaperUnknown
    exam.session = held
    return exam


def _said(exam: Exam) -> Paper:
    taught, section = exam.course_class, exam.section
    return Paper(
        class_id=taught.sourced_id if taught is not None else None,
        section_id=section.sourced_id if taught is None and section is not None else None,
        course_id=exam.course.sourced_id,
        **{name: getattr(exam, name) for name in PLAIN},
        scale_id=exam.scale.sourced_id,
        invigilator_ids=tuple(each.sourced_id for each in _people_of(exam)),
    )


# Those by which the database asks anew whether a paper is of its class.
WHEN_MOVED = ("day", "section", "course")
PLAIN = ("day", "starts_at", "ends_at", "title", "room", "max_marks", "pass_marks")


def _people_of(exam: Exam) -> list[StaffMember]:
    return list(StaffMember.objects.filter(invigilations__exam=exam).order_by("pk"))


def _at(where: str, error: FieldError) -> FieldError:
    return dataclasses.replace(error, field=f"{where}.{error.field}")


def _told(exam: Exam, people: Sequence[StaffMember]) -> dict[str, Any]:
    group = {"class": exam.course_class} if exam.course_class_id is not None else {"section": exam.section}
    told = {name: getattr(exam, name) for name in PLAIN}
    return {**group, "course": exam.course, **told, "scale": exam.scale, "invigilators": list(people)}


def _invigilate(pairs: Iterable[tuple[Exam, Sequence[StaffMember]]]) -> None:
    Invigilation.objects.bulk_create(
        Invigilation(exam=exam, staff=staff, day=exam.day, starts_at=exam.starts_at, ends_at=exam.ends_at)
        for exam, people in pairs
        for staff in people
    )


def _clashes(
    session: ExamSession, exams: Sequence[Exam], people: Sequence[Sequence[StaffMember]]
) -> list[tuple[int, FieldError]]:
    """What keeps ``exams`` from being written, by their place in the list. Two statements."""
    institution = session.term.year.institution_id
    days = {exam.day for exam in exams}
    others: list[Exam] = list(
        Exam.objects.filter(institution=institution, standing=True, day__in=days)
        .exclude(pk__in=[exam.pk for exam in exams])
        .select_related("section__grade_level", "course_class", "course")
    )
    known = {exam.pk: exam for exam in others}
    busy: dict[int, dict[int, str]] = {}
    for row in Invigilation.objects.filter(exam__in=known).select_related("staff"):
        busy.setdefault(row.exam_id, {})[row.staff_id] = row.staff.full_name
    candidates = [
        Slot.of(exam, {each.pk: each.full_name for each in there}) for exam, there in zip(exams, people, strict=True)
    ]
    return clashes(candidates, [Slot.of(exam, busy.get(exam.pk, {})) for exam in others])


@dataclass(frozen=True, slots=True)
class _Book:
    """Everything that papers of one session may name, by public id. Six statements for any number of papers."""

    session: ExamSession
    sections: Mapping[UUID, Section]
    classes: Mapping[UUID, CourseClass]
    courses: Mapping[UUID, Course]
    scales: Mapping[UUID, GradingScale]
    staff: Mapping[UUID, StaffMember]
    there: frozenset[tuple[Any, ...]]
    sent: Counter[tuple[Any, ...]]
    # The scale that the paper has which is being changed.
    graded_by: int | None

    @classmethod
    def of(cls, session: ExamSession, papers: Sequence[Paper], *, changing: Exam | None = None) -> _Book:
        year = session.term.year

        def named(model: Any, ids: Iterable[Any], *joined: str, **at: Any) -> dict[UUID, Any]:
            rows = model.objects.filter(sourced_id__in={each for each in ids if each is not None}, **at)
            return {row.sourced_id: row for row in rows.select_related(*joined)}

        others = session.exams.exclude(pk=changing.pk) if changing is not None else session.exams
        return cls(
            session,
            named(Section, (paper.section_id for paper in papers), "grade_level", year=year),
            named(CourseClass, (paper.class_id for paper in papers), "course", "section__grade_level", year=year),
            named(Course, (paper.course_id for paper in papers), institution=year.institution_id),
            named(GradingScale, (paper.scale_id for paper in papers)),
            named(
                StaffMember,
                (staff for paper in papers for staff in paper.invigilator_ids),
                institution=year.institution_id,
            ),
            frozenset(_key_of(other) for other in others.select_related("section", "course_class", "course")),
            Counter(_key(paper) for paper in papers),
            changing.scale_id if changing is not None else None,
        )

    def exam_of(self, said: Paper) -> Exam:
        """The row, not saved, of a paper with which nothing is wrong."""
        taught = self.classes[said.class_id] if said.class_id is not None else None
        return Exam(
            session=self.session,
            institution_id=self.session.term.year.institution_id,
            course_class=taught,
            section=taught.section if taught is not None else self.sections[said.section_id],  # type: ignore[index]
            course=taught.course if taught is not None else self.courses[said.course_id],  # type: ignore[index]
            scale=self.scales[said.scale_id],
            **{name: getattr(said, name) for name in PLAIN},
        )

    def people(self, said: Paper) -> list[StaffMember]:
        """Who invigilates, each once."""
        found = [self.staff[each] for each in dict.fromkeys(said.invigilator_ids) if each in self.staff]
        return sorted(found, key=lambda each: each.pk)

    def wrong(self, said: Paper) -> Iterator[FieldError]:
        """What cannot be, whatever else is set at that time."""
        yield from self._whose(said)
        yield from self._once(said)
        scale = self.scales.get(said.scale_id)
        if scale is None:
            yield _unknown("scale_id")
        elif scale.retired and scale.pk != self.graded_by:
            yield FieldError("scale_id", "retired", "This version of {scale} is out of use.", {"scale": scale.name})
        if len(set(said.invigilator_ids)) != len(self.people(said)):
            yield _unknown("invigilator_ids")
        year: AcademicYear = self.session.term.year
        if not year.contains(said.day):
            facts = {"day": said.day, "year": year.name, "starts_on": year.starts_on, "ends_on": year.ends_on}
            yield FieldError(
                "day", "outside-year", "{day} is outside {year}, which runs from {starts_on} to {ends_on}.", facts
            )
        if said.ends_at <= said.starts_at:
            yield FieldError("ends_at", "ends-before-start", "A paper ends after it begins, on the same day.")
        if said.max_marks <= 0:
            yield FieldError("max_marks", "no-marks", "A paper has more than 0 marks.")
        elif said.pass_marks is not None and not 0 <= said.pass_marks <= said.max_marks:
            yield FieldError(
                "pass_marks", "beyond-marks", "From 0 to the {most} of the paper.", {"most": said.max_marks}
            )

    def _whose(self, said: Paper) -> Iterator[FieldError]:
        if (said.section_id is None) == (said.class_id is None):
            yield FieldError("section_id", "section-or-class", "A paper is of a section or of a class.")
            return
        if said.class_id is not None:
            taught = self.classes.get(said.class_id)
            if taught is None:
                yield _unknown("class_id")
            elif said.course_id is not None and said.course_id != taught.course.sourced_id:
                yield FieldError(
                    "course_id", "of-another-class", "{taught} is not taught that course.", {"taught": taught.title}
                )
            return
        if said.section_id not in self.sections:
            yield _unknown("section_id")
        if said.course_id is None:
            yield FieldError("course_id", "required", "A section's paper is in a course.")
        elif said.course_id not in self.courses:
            yield _unknown("course_id")

    def _once(self, said: Paper) -> Iterator[FieldError]:
        if self.sent[_key(said)] > 1:
            yield FieldError("title", "named-twice", "This paper is sent twice; several of one course have titles.")
        if _key(said) in self.there:
            yield FieldError("title", "there-already", "The session has this paper; several of one course have titles.")


def _key(said: Paper) -> tuple[Any, ...]:
    """What makes a paper of a session one: a class has its course and section by itself."""
    if said.class_id is not None:
        return said.class_id, said.title
    return said.section_id, said.course_id, said.title


def _key_of(exam: Exam) -> tuple[Any, ...]:
    if exam.course_class is not None:
        return exam.course_class.sourced_id, exam.title
    return exam.section and exam.section.sourced_id, exam.course.sourced_id, exam.title


def _unknown(field: str) -> FieldError:
    return FieldError(field, "unknown", "There is nothing here by that id, in this year and campus.")
