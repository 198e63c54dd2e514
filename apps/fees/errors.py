"""Why an account, a posting, a bill or a payment is refused."""

from __future__ import annotations

from schoolops.errors import Conflict, Invalid, NotFound


# --- books ------------------------------------------------------------------------------------------------------------
class BooksUnknown(NotFound):
    """There are no such books."""

    code = "fees:books-unknown"


class AccountUnknown(NotFound):
    """There is no such account."""

    code = "fees:account-unknown"


class AccountCodeTaken(Conflict):
    """This campus has an account {code} already."""

    code = "fees:account-code-taken"
    field = "code"


class AccountNeeded(Conflict):
    """The account {account} is posted to by itself, and cannot be retired."""

    code = "fees:account-needed"
    field = "retired"


class AccountHasEntries(Conflict):
    """Something is posted to the account {account}, so its kind stays."""

    code = "fees:account-has-entries"
    remedy = "Add another account, and retire this one."
    field = "kind"


class PeriodClosed(Conflict):
    """The books are closed through {through}; nothing is posted on {day}."""

    code = "fees:period-closed"
    remedy = "Post it on a later day: what is corrected after a period is closed is corrected today."
    field = "day"


class PeriodAhead(Invalid):
    """Books are closed through a day that is over; at the campus it is {today}."""

    code = "fees:period-ahead"
    field = "closed_through"


class PeriodClosedFurther(Conflict):
    """The books are closed through {through} already."""

    code = "fees:period-closed-further"
    remedy = "What is closed stays closed; correct it by a posting of today."
    field = "closed_through"


class PostedAlready(Conflict):
    """This was posted already."""

    code = "fees:posted-already"
    remedy = "Read the entries; nothing was posted twice."


class LegsRefused(Invalid):
    """These legs are no transaction; nothing was posted."""

    code = "fees:legs-refused"
    remedy = "Correct what `errors` names; what is debited and what is credited come to the same."


class PostedAhead(Invalid):
    """At the campus it is {today}; nothing is posted ahead of it."""

    code = "fees:posted-ahead"
    field = "day"


class AccountKeptByBills(Invalid):
    """What families owe and have paid ahead is posted by bills and payments, not by hand."""

    code = "fees:account-kept-by-bills"
