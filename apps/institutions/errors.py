"""Why something about campuses, years or what is taught is refused."""

from __future__ import annotations

from collections.abc import Callable

from schoolops.errors import Conflict, FieldError, Invalid, NotFound


class FieldsRefused(Invalid):
    """Some of what was sent cannot be accepted; see `errors` for each field and what it accepts."""

    code = "institutions:fields-refused"


class InstitutionCodeTaken(Conflict):
    """Another campus of this school already has that code."""

    code = "institutions:code-taken"
    field = "code"


class CurrencyKept(Conflict):
    """Money is booked at this campus in {currency}."""

    code = "institutions:currency-kept"
    remedy = "Books stay in the currency they were begun in; a campus with another one is a campus of its own."
    field = "currency"


class LogoRefused(Invalid):
    """This file cannot be a logo: {why}."""

    code = "institutions:logo-refused"
    remedy = "Send a JPEG, PNG or WebP picture of at most {limit} MB."


class NoLogo(NotFound):
    """This campus has no logo."""

    code = "institutions:no-logo"


class YearNameTaken(Conflict):
    """This campus already has an academic year of that name."""

    code = "institutions:year-name-taken"
    field = "name"


class YearsOverlap(Conflict):
    """These days belong to another academic year of this campus already."""

    code = "institutions:years-overlap"
    remedy = "Let the year begin after the last day of the one before."


class YearAlreadyActive(Conflict):
    """Another academic year of this campus is active."""

    code = "institutions:year-already-active"
    remedy = "Close the active year first."


class YearNotPlanned(Conflict):
    """The academic year {year} is {state}: only a planned year can be activated or removed."""

    code = "institutions:year-not-planned"


class YearNotActive(Conflict):
    """The academic year {year} is {state}: only the active year can be closed."""

    code = "institutions:year-not-active"


class YearIsClosed(Conflict):
    """The academic year {year} is closed; nothing in it changes any more."""

    code = "institutions:year-closed"


class YearHoldsEnrolments(Conflict):
    """Students are enrolled on days that would no longer be in this year."""

    code = "institutions:year-holds-enrolments"


class YearRunsIntoEnrolments(Conflict):
    """Students of this year are enrolled elsewhere from a day before it would end."""

    code = "institutions:year-runs-into-enrolments"
    remedy = "Withdraw them from this year on the day the other enrolment begins, or let the year end before it."


class TermOutsideYear(Invalid):
    """A term must lie inside its year, from {starts_on} to {ends_on}."""

    code = "institutions:term-outside-year"


class TermsOverlap(Conflict):
    """Another term of this kind has some of these days already."""

    code = "institutions:terms-overlap"


class TermNameTaken(Conflict):
    """This year already has a term of that name."""

    code = "institutions:term-name-taken"
    field = "name"


class RangeTooLong(Invalid):
    """From {starts_on} to {ends_on} are more days than the {most} that can be set at once, or they run backwards."""

    code = "institutions:range-too-long"


class NameTaken(Conflict):
    """There is one of that name, code or position already."""

    code = "institutions:name-taken"

    @classmethod
    def at(cls, field: str) -> Callable[[], NameTaken]:
        """The error about ``field``."""
        return lambda: cls(errors=[FieldError(field, "taken", cls.sentence())])


class NotOfThisYear(Invalid):
    """What is named here belongs to another campus or year."""

    code = "institutions:not-of-this-year"


class LevelsInCircle(Invalid):
    """The level after this one must come later in the order."""

    code = "institutions:levels-in-circle"


class InUse(Conflict):
    """This is in use and cannot be removed: {by_what} refer to it."""

    code = "institutions:in-use"
    remedy = "Remove those first, or keep it for the history."


class HoldsStudents(Conflict):
    """Students have been in this section, so its year, level and campus stay as they are."""

    code = "institutions:section-holds-students"
