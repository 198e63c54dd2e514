"""What can be wrong with a job, as facts."""

from __future__ import annotations

from schoolops.errors import Conflict, Invalid, NotFound, Unavailable


class PayloadRefused(Invalid):
    """The task {task} does not accept this payload."""

    code = "queues:payload-refused"
    remedy = "`errors` names each field. Correct it, or discard the job."


class PayloadTooLarge(Invalid):
    """The payload of {task} is {size} bytes; a job carries at most {limit}."""

    code = "queues:payload-too-large"
    remedy = "Pass ids and read the rest in the task, or keep the file and pass its name."


class LedgerFull(Unavailable):
    """Too many jobs are waiting, so no more are accepted for the moment."""

    code = "queues:ledger-full"
    remedy = "Nothing was changed. Try again in a minute; the operators have been told."
    retry_after = 60


class TwinInFlight(Unavailable):
    """The same job is being enqueued by somebody else at this moment."""

    code = "queues:twin-in-flight"
    remedy = "Nothing was changed. Try again."
    retry_after = 1


class BrokerDown(Unavailable):
    """The broker cannot be reached, so the job stays in the ledger and runs when it is back."""

    code = "queues:broker-down"
    remedy = "Nothing is lost. /health/queues shows what waits."
    retry_after = 5


class JobNotFound(NotFound):
    """There is no such job; a job that is done is forgotten unless it is tracked."""

    code = "queues:job-not-found"


class JobRunning(Conflict):
    """The job is running, so this cannot be done now."""

    code = "queues:job-running"
    remedy = "Wait until it is done."


class LetterNotFound(NotFound):
    """There is no dead letter {id}."""

    code = "queues:letter-not-found"
    remedy = "It was retried meanwhile, or never was: `manage.py dead_letters list`."


class NotInAJob(Conflict):
    """This can only be said from within a running job."""

    code = "queues:not-in-a-job"


class Fenced(Conflict):
    """The lease of this job passed to another worker, so what this one did is not kept."""

    code = "queues:fenced"
