"""Remarks: what a teacher says of a student in a session, by subject and as their class teacher; a bank of phrases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.examinations import selectors
from apps.examinations.errors import PhraseUnknown, RemarksChangedMeanwhile, RemarksRefused, SessionCancelled
from apps.examinations.models import ExamSession, Remark, RemarkPhrase
from apps.institutions.models import Section
from apps.institutions.services.teaching import refuse_closed
from apps.students.models import Student
from apps.students.services import moves_on_merge
from apps.students.services.merging import Moved
from schoolops import clock
from schoolops.audit import trail
from schoolops.errors import FieldError
from schoolops.folding import composed
from schoolops.rows import LONGEST_NOTE

LONGEST = 500
# In a phrase it is the student's.
NAME = "{name}"


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a student; empty: nothing any more. ``was``: what whoever writes it was shown, if anything."""

    student_id: UUID
    text: str
    was: str | None = None


@transaction.atomic
def write_remarks(*, paper: UUID, said: Sequence[Said], by: User) -> int:
    """Say something of students who sit a paper, about its course; returns of how many it is new.

    Raises:
        PermissionMissing, OutOfReach, PaperUnknown, YearIsClosed, SessionCancelled, RemarksRefused (naming each
        record), RemarksChangedMeanwhile.
    """
    exam = selectors.paper_of(paper, "remarks.write", by)
    students = Student.objects.filter(selectors.sitting(exam))
    return _written(exam.session, exam.course_id, {each.sourced_id: each for each in students}, said, by)


@transaction.atomic
def write_class_remarks(*, session: UUID, section: Section, said: Sequence[Said], by: User) -> int:
    """Say something of students of a section as their class teacher; who may, holds the permission over all of it.

    Raises:
        PermissionMissing, OutOfReach, SessionUnknown, YearIsClosed, SessionCancelled, RemarksRefused,
        RemarksChangedMeanwhile.
    """
    access.require_row(by, "remarks.write", "section", section, at_work=True)
    found = selectors.session_of_section(session, section)
    students = Student.objects.filter(selectors.in_section(found, section))
    return _written(found, None, {each.sourced_id: each for each in students}, said, by)


def _written(
    session: ExamSession, course: int | None, known: Mapping[UUID, Student], said: Sequence[Said], by: User
) -> int:
    refuse_closed(session.term.year)
    if session.state == session.State.CANCELLED:
        raise SessionCancelled(name=session.name, reason=session.cancelled_reason)
    # Two who write at once come one after the other.
    ExamSession.objects.select_for_update(no_key=True).only("pk").get(pk=session.pk)
    refused = []
    wanted: dict[int, tuple[Student, str, str | None]] = {}
    for number, each in enumerate(said):
        student, text = known.get(each.student_id), composed(each.text).strip()
        if student is None:
            refused.append(
                FieldError(f"records.{number}.student_id", "not-in-the-class", "This student is not in the class.")
            )
            continue
        text = text.replace(NAME, student.preferred_name or student.given_name)
        if "\0" in text:
            refused.append(FieldError(f"records.{number}.text", "null-characters", "Null characters are not allowed."))
        if len(text) > LONGEST:
            facts = {"most": LONGEST}
            refused.append(FieldError(f"records.{number}.text", "too-long", "At most {most} characters.", facts))
        wanted[student.pk] = (student, text, each.was)
    if refused:
        raise RemarksRefused(errors=refused)
    there = {row.student_id: row for row in Remark.objects.filter(session=session, course=course, student__in=wanted)}
    texts = {key: row.text for key, row in there.items()}
    _refuse_newer(wanted, texts)
    changed = {key: text for key, (_, text, _was) in wanted.items() if text != texts.get(key, "")}
    now = clock.now()
    Remark.objects.bulk_create(
        [
            Remark(session=session, student_id=key, course_id=course, text=text, by=by, at=now)
            for key, text in changed.items()
        ],
        update_conflicts=True,
        unique_fields=["session", "student", "course"],
        update_fields=["text", "by", "at"],
    )
    if changed:
        before = {str(wanted[key][0].sourced_id): texts.get(key, "") for key in changed}
        after = {str(wanted[key][0].sourced_id): text for key, text in changed.items()}
        trail.record(by, "examinations.remarks-written", session, before=before, after=after)
    return len(changed)


def _refuse_newer(wanted: Mapping[int, tuple[Student, str, str | None]], texts: Mapping[int, str]) -> None:
    newer = [
        {"student_id": str(student.sourced_id), "text": texts.get(key, "")}
        for key, (student, text, was) in wanted.items()
        if was is not None and texts.get(key, "") not in {composed(was).strip(), text}
    ]
    if newer:
        raise RemarksChangedMeanwhile(members={"changes": newer})


@transaction.atomic
def add_phrase(*, text: str, by: User) -> RemarkPhrase:
    """Put a phrase into the school's bank; in it ``{name}`` is the student's. Raises ``PermissionMissing``."""
    access.require_everywhere(by, "exams.configure")
    phrase = RemarkPhrase(text=composed(text).strip())
    phrase.save(force_insert=True)
    trail.record(by, "examinations.phrase-added", phrase, after={"text": phrase.text[:LONGEST_NOTE]})
    return phrase


@transaction.atomic
def remove_phrase(*, phrase: UUID, by: User) -> None:
    """Take a phrase out of the bank; remarks that were made of it stay.

    Raises:
        PermissionMissing, OutOfReach, PhraseUnknown.
    """
    access.require_everywhere(by, "exams.configure")
    found = RemarkPhrase.objects.filter(sourced_id=phrase).first()
    if found is None:
        raise PhraseUnknown
    trail.record(by, "examinations.phrase-removed", found, before={"text": found.text[:LONGEST_NOTE]})
    found.delete()


@moves_on_merge("remarks", of=Remark)
def move_remarks(duplicate: Student, kept: Student) -> Moved:
    """Remarks move but those of which the kept record has one."""
    theirs = Remark.objects.filter(student=duplicate)
    had = set(Remark.objects.filter(student=kept).values_list("session", "course"))
    moving = [row.pk for row in theirs if (row.session_id, row.course_id) not in had]
    Remark.objects.filter(pk__in=moving).update(student=kept)
    return Moved(len(moving), theirs.count())
