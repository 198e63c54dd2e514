"""Why something about the timetable is refused."""

from __future__ import annotations

from schoolops.errors import Conflict, Invalid


class PeriodTaken(Conflict):
    """This campus already has a period of that name or at that position."""

    code = "timetable:period-taken"


class PeriodEndsBeforeStart(Invalid):
    """A period that begins at {starts_at} ends later than that, not at {ends_at}."""

    code = "timetable:period-ends-before-start"


class PeriodElsewhere(Invalid):
    """{period} is a period of another campus than the class."""

    code = "timetable:period-elsewhere"


class MeetsAlready(Conflict):
    """{title} meets in that period of that weekday already on some of those days."""

    code = "timetable:meets-already"


class MeetingEndsBeforeStart(Invalid):
    """What begins on {starts_on} cannot end on {ends_on}; the end is the first day on which it no longer meets."""

    code = "timetable:meeting-ends-before-start"


class NotInYear(Invalid):
    """Those days are not all in the academic year {year}, which runs from {starts_on} to {ends_on}."""

    code = "timetable:not-in-year"


class MeetingBegan(Conflict):
    """The class has met there since {day}, so that stays as it was: rolls of past days depend on it."""

    code = "timetable:meeting-began"
    remedy = "End it, and add another from the day on which the new time begins."
