"""Why something about staff, or whom they teach, is refused."""

from __future__ import annotations

from schoolops.errors import Conflict, Invalid, PreconditionFailed


class StaffNumberTaken(Conflict):
    """Another member of staff of this campus already has the number {number}."""

    code = "staff:number-taken"
    field = "staff_number"


class LoginTaken(Conflict):
    """That login belongs to another member of staff."""

    code = "staff:login-taken"
    remedy = "Take the login away from the other record first."


class ChangedMeanwhile(PreconditionFailed):
    """Somebody changed this record after you read it; it is now at version {version}."""

    code = "staff:changed-meanwhile"
    remedy = "Read it again, look at what changed, and send your change with the new version."


class EndsBeforeStart(Invalid):
    """What begins on {starts_on} cannot end on {ends_on}; the end is the first day on which it no longer holds."""

    code = "staff:ends-before-start"


class NotEmployed(Invalid):
    """{name} does not work here on all of those days."""

    code = "staff:not-employed"
    remedy = "Look at the days on which the employment begins and ends."


class TeachesBefore(Conflict):
    """{name} teaches or stands in on {day} already, before that first day."""

    code = "staff:teaches-before"
    remedy = "Remove what is earlier first, or let the employment begin no later."


class NotInYear(Invalid):
    """Those days are not all in the academic year {year}, which runs from {starts_on} to {ends_on}."""

    code = "staff:not-in-year"


class SectionOrClass(Invalid):
    """Say either a section or a class, and not both."""

    code = "staff:section-or-class"


class AlreadyAssigned(Conflict):
    """{name} is assigned there already on some of those days."""

    code = "staff:already-assigned"
    remedy = "Change the assignment that is there, or let this one begin where the other ends."


class AssignmentBegan(Conflict):
    """This assignment began on {day} and is part of the school's history, so it is not removed."""

    code = "staff:assignment-began"
    remedy = "End it instead; an assignment that ends on the day it begins never held."


class AlreadyStandsIn(Conflict):
    """{name} stands in there on {day} already."""

    code = "staff:already-stands-in"


class StandsInForThemselves(Invalid):
    """Nobody stands in for themselves."""

    code = "staff:stands-in-for-themselves"


class NotTheirGroup(Invalid):
    """{name} does not teach there on {day}, so nobody can stand in for them."""

    code = "staff:not-their-group"
    remedy = "Name whoever teaches there on that day, or nobody."
