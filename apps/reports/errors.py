"""What printing refuses."""

from __future__ import annotations

from schoolops.errors import Conflict, Invalid, NotFound


class ListTooLong(Invalid):
    """This list would have {students} students; at most {most} are printed at once."""

    code = "reports:list-too-long"
    remedy = "Choose some of the sections, and print the others after them."


class ListNotFound(NotFound):
    """You have no such printed list; one is kept for a day."""

    code = "reports:list-not-found"
    remedy = "Print it again."


class ListNotReady(Conflict):
    """This list is still being printed."""

    code = "reports:list-not-ready"
    remedy = "GET /api/v1/jobs/{job_id} shows how far it is."
    retry_after = 2


class ListNotPrinted(Conflict):
    """This list could not be printed."""

    code = "reports:list-not-printed"
    remedy = "GET /api/v1/jobs/{job_id} shows why. Print it again."


class ListNoLongerYours(Conflict):
    """Since this list was printed, what you may see has changed."""

    code = "reports:list-no-longer-yours"
    remedy = "Print it again: the new one shows what you may see now."
