"""What can be wrong with a school, as facts."""

from __future__ import annotations

from django.db import OperationalError, ProgrammingError

from schoolops import context
from schoolops.errors import Conflict, Forbidden, Invalid, Misconfigured, NotFound, Unavailable


class UnknownHost(NotFound):
    """No school answers at {host}."""

    code = "tenancy:unknown-host"
    remedy = "Check the address. Your school's address stands on its login letter."


class SchoolSuspended(Forbidden):
    """This school's account is suspended."""

    code = "tenancy:school-suspended"
    remedy = "The school's administration can ask the operators of this platform to resume it. No data is lost."


class SchoolNotReady(Unavailable):
    """This school is still being set up."""

    code = "tenancy:school-not-ready"
    remedy = "Try again in a minute."


class SchoolMoved(Unavailable):
    """This school was moved to another server a moment ago."""

    code = "tenancy:school-moved"
    remedy = "Try again in a minute. Operators: let the proxy read `manage.py cells --hosts` anew."


class SchoolUnreachable(Unavailable):
    """This school's data cannot be reached at the moment."""

    code = "tenancy:school-unreachable"
    remedy = "The operators have been told. Nothing was read or written."


class OutcomeUnknown(Unavailable):
    """The database was lost before anybody could say what became of this: it may be done, or not."""

    code = "tenancy:outcome-unknown"
    remedy = (
        "Look whether it is there before you do it again. What was sent under an `Idempotency-Key` can be sent again as"
        " it is."
    )


class CommitUnanswered(OperationalError):
    """The connection ended before PostgreSQL said what became of a commit."""


class SharedBackend(Unavailable):
    """Another database session answers on this connection, so nothing is read or written by this process any more."""

    code = "tenancy:shared-backend"
    remedy = "A pooler in transaction mode stands before PostgreSQL: set pool_mode = session, or go past it; restart."


class SchoolNotFound(NotFound):
    """There is no school called {slug}."""

    code = "tenancy:school-not-found"
    remedy = "`manage.py list_schools` shows their names."


class SchoolExists(Conflict):
    """There already is a school called {slug}."""

    code = "tenancy:school-exists"
    remedy = "Choose another name, or resume the existing one with `manage.py resume_school` or `undelete_school`."


class SchoolElsewhere(Conflict):
    """{what} belongs to a school of the cell {cell}."""

    code = "tenancy:school-elsewhere"
    remedy = "Names and addresses are one for all cells: choose another."


class DomainTaken(Conflict):
    """The address {domain} already belongs to a school."""

    code = "tenancy:domain-taken"
    remedy = "Choose another address with --domain."


class SlugInvalid(Invalid):
    """{slug} cannot be a school's short name."""

    code = "tenancy:slug-invalid"
    remedy = "Use 2 to 40 lower-case letters, digits and hyphens, beginning with a letter, as in oak-hill."


class PurgeIncomplete(Misconfigured):
    """Of {slug} there is still: {found}."""

    code = "tenancy:purge-incomplete"
    remedy = "Remove it by hand, and purge again: the school stays on the list until nothing is found."


class NotSuspended(Conflict):
    """{slug} is not suspended."""

    code = "tenancy:not-suspended"
    remedy = "Only a suspended school can be deleted: `manage.py suspend_school` first."


class DataNotKept(Conflict):
    """{slug} was deleted more than {days} days ago, so its data is not kept any more."""

    code = "tenancy:data-not-kept"
    remedy = "Restore it from a backup, under a name of its own."


class NameNotConfirmed(Invalid):
    """The name typed does not match {slug}."""

    code = "tenancy:name-not-confirmed"
    remedy = "Type the school's short name exactly."


class WrongState(Conflict):
    """{slug} is {state}, so this cannot be done."""

    code = "tenancy:wrong-state"


class TemplateMissing(Unavailable):
    """The template of a school's tables is missing or does not match the migrations."""

    code = "tenancy:template-stale"
    remedy = "Run `make template` and deploy the result."


def takes_no_writes(exception: BaseException) -> bool:
    """Whether the database refused a write since it is a replica by now, or read-only: SQLSTATE 25006."""
    return "25006" in {getattr(each, "sqlstate", None) for each in (exception, exception.__cause__)}


def schema_is_gone(exception: BaseException) -> bool:
    """Whether the database said that the school's tables or role are not there, or not ours to read.

    SQLSTATE 42P01 undefined table, 42501 insufficient privilege, 22023/42704 unknown role, 3F000 unknown schema.
    """
    state = getattr(exception.__cause__, "sqlstate", None) or getattr(exception, "sqlstate", None)
    return state in {"42P01", "42501", "22023", "42704", "3F000", "0P000"}


def outage_of(exception: BaseException) -> Unavailable | None:
    """What somebody is told of a database that is away, whichever view found out; ``None``: it is no such thing.

    Where their request has kept something by then, and only the answer to it is lost, nobody says that it has not.
    """
    # Django connects anew while the error passes through, and where that fails too it is the second that is seen.
    within: BaseException | None = exception
    while within is not None and not isinstance(within, CommitUnanswered):
        within = within.__cause__ or within.__context__
    if within is not None:
        return OutcomeUnknown()
    told: Unavailable | None = None
    if isinstance(exception, ProgrammingError | OperationalError) and schema_is_gone(exception):
        told = SchoolUnreachable()
    elif isinstance(exception, OperationalError) or takes_no_writes(exception):
        told = Unavailable()
    kept = context.kept.get()
    return OutcomeUnknown() if told is not None and kept is not None and kept.anything else told
