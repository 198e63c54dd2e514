"""Why something about a student is refused."""

from __future__ import annotations

from schoolops.errors import Conflict, Invalid, NotFound, PreconditionFailed


class AdmissionNumberTaken(Conflict):
    """Another student of this campus already has the admission number {number}."""

    code = "students:admission-number-taken"
    field = "admission_number"
    remedy = "Look the student up first; if it is the same child, re-enrol them instead of admitting them again."


class ChangedMeanwhile(PreconditionFailed):
    """Somebody changed this record after you read it; it is now at version {version}."""

    code = "students:changed-meanwhile"
    remedy = "Read it again, look at what changed, and send your change with the new version."


class AlreadyEnrolled(Conflict):
    """This student is already enrolled for some of those days."""

    code = "students:already-enrolled"
    remedy = "Withdraw the student first, or let the new enrolment begin on the day the other one ends."


class NotEnrolled(Conflict):
    """This student is not enrolled on {day}."""

    code = "students:not-enrolled"
    remedy = "Look at the student's enrolments for the days they cover; re-enrol the student if they came back."


class NothingPlanned(Conflict):
    """Nothing is planned for this student on {day} any more."""

    code = "students:nothing-planned"
    remedy = "Look at the student's page: it may have happened, or somebody else has changed it."


class PlannedDayUnusable(Invalid):
    """{day} is no day for it: it has to lie after today and before {until}."""

    code = "students:planned-day-unusable"
    field = "on"


class NotInYear(Invalid):
    """{day} is not a day of the academic year {year}, which runs from {starts_on} to {ends_on}."""

    code = "students:not-in-year"


class YearIsClosed(Conflict):
    """The academic year {year} is closed."""

    code = "students:year-closed"
    remedy = "Enrol into the year that is active or planned."


class YearChangedMeanwhile(Conflict):
    """The days of that academic year were changed a moment ago."""

    code = "students:year-changed-meanwhile"
    remedy = "Look at the year's days and try again."


class WrongSection(Invalid):
    """{section} is a section of another campus, year or grade level than the enrolment."""

    code = "students:wrong-section"
    field = "section_id"
    remedy = "Choose a section of the same year and grade level; a change of level is a withdrawal and a re-enrolment."


class WrongClass(Invalid):
    """{title} is a class of another year or campus than the student is enrolled in on those days."""

    code = "students:wrong-class"


class SectionFull(Conflict):
    """{section} has {capacity} seats and all are taken on {day}."""

    code = "students:section-full"
    field = "section_id"
    remedy = "Choose another section, or have its capacity raised."


class RollNumberTaken(Conflict):
    """Somebody in this section already has that roll number on some of those days."""

    code = "students:roll-number-taken"
    field = "roll_number"


class AlreadyInSection(Conflict):
    """The student is already in that section on {day}."""

    code = "students:already-in-section"


class AlreadyInClass(Conflict):
    """The student is already in that class for some of those days."""

    code = "students:already-in-class"


class NotInClass(Conflict):
    """The student is not in that class on {day}."""

    code = "students:not-in-class"


class PastDay(Invalid):
    """{day} has passed, and a roster of a day that has passed does not change by itself."""

    code = "students:past-day"
    remedy = "Choose today or a later day. To correct the past, send a `reason`; it is kept in the audit trail."


class StudentMerged(Conflict):
    """This record was merged into that of another student and is kept for its history only."""

    code = "students:merged"
    remedy = "Use the record it was merged into."


class GuardianMerged(Conflict):
    """This record was merged into that of another guardian and is kept for its history only."""

    code = "students:guardian-merged"
    remedy = "Use the record it was merged into."


class FieldNotToBeTaken(Invalid):
    """{field_name} is no field of which one record's value is chosen."""

    code = "students:field-not-to-be-taken"
    field = "take"


class CannotMergeWithItself(Invalid):
    """A record cannot be merged into itself."""

    code = "students:merge-with-itself"


class PhotoRefused(Invalid):
    """This file cannot be a photo: {why}."""

    code = "students:photo-refused"
    remedy = "Send a JPEG, PNG or WebP picture of at most {limit} MB."


class NoPhoto(NotFound):
    """There is no photo of this student."""

    code = "students:no-photo"


class GuardianAlreadyLinked(Conflict):
    """This guardian is already linked to this student."""

    code = "students:guardian-already-linked"
    remedy = "Change the link that is there."


class ContactPriorityTaken(Conflict):
    """Another guardian of this student already has contact priority {priority}."""

    code = "students:contact-priority-taken"


class LoginTaken(Conflict):
    """This login already belongs to another person."""

    code = "students:login-taken"


class LoginOfWhoIsKeptAway(Conflict):
    """This guardian is kept from a child, and so is their login: it stays with this record."""

    code = "students:login-of-who-is-kept-away"
    remedy = "Lift the restriction first, if it is over, or make another login for the other person."


class RowsRefused(Invalid):
    """Some rows cannot be accepted, so none was."""

    code = "students:rows-refused"
    remedy = "Correct the rows named in `errors` and send all of them again. Nothing was changed."
