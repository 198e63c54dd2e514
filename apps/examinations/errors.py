"""Why a scale, an exam session or a paper is refused."""

from __future__ import annotations

from schoolops.errors import Conflict, Invalid, NotFound, PreconditionFailed


# --- scales -----------------------------------------------------------------------------------------------------------
class ScaleUnknown(NotFound):
    """There is no such grading scale."""

    code = "examinations:scale-unknown"


class ScaleNameTaken(Conflict):
    """There is a grading scale called {name} already."""

    code = "examinations:scale-name-taken"
    remedy = "Choose another name, or make a new version of that scale."


class ScaleRetired(Conflict):
    """This version of the scale {name} is out of use."""

    code = "examinations:scale-retired"
    remedy = "GET /api/v1/grading-scales?current=true lists those in use; a new version is made of such a one."


class BandsRefused(Invalid):
    """These bands are no scale."""

    code = "examinations:bands-refused"
    remedy = "Every band begins at a percentage of its own, the lowest at 0, and has a code of its own."


# --- sessions ---------------------------------------------------------------------------------------------------------
class SessionUnknown(NotFound):
    """There is no such exam session."""

    code = "examinations:session-unknown"


class SessionNameTaken(Conflict):
    """This term has an exam session called {name} already."""

    code = "examinations:session-name-taken"


class SessionChangedMeanwhile(PreconditionFailed):
    """This exam session has changed since you read it: it is at version {version}."""

    code = "examinations:session-changed-meanwhile"
    remedy = "Read it again and send your change with the present version."


class SessionCancelled(Conflict):
    """The exam session {name} is cancelled: {reason}."""

    code = "examinations:session-cancelled"
    remedy = "A cancelled session stays so; set up another one."


class SessionCannotMove(Conflict):
    """An exam session that is {state} does not become {wanted}."""

    code = "examinations:session-cannot-move"
    remedy = "Next it can become: {possible}."


class SessionHasPapers(Conflict):
    """This exam session has papers."""

    code = "examinations:session-has-papers"
    remedy = "Remove its papers first, or cancel it with a reason."


class TimetableNotScheduled(Conflict):
    """The timetable of a session that is {state} cannot be public."""

    code = "examinations:timetable-not-scheduled"
    remedy = (
        "A session is scheduled before its timetable is published; withdraw the timetable before it is a draft again."
    )


class ResultsNotMarked(Conflict):
    """The results of a session that is {state} cannot be public."""

    code = "examinations:results-not-marked"
    remedy = (
        "Results are published while the session is marking or in moderation; withdraw them before it leaves these."
    )


class ResultsArePublished(Conflict):
    """The results of this session are published, or will be at a moment that is set."""

    code = "examinations:results-are-published"
    remedy = "Withdraw the results first, with a reason."


# --- papers -----------------------------------------------------------------------------------------------------------
class PaperUnknown(NotFound):
    """There is no such paper."""

    code = "examinations:paper-unknown"


class PaperChangedMeanwhile(PreconditionFailed):
    """This paper has changed since you read it: it is at version {version}."""

    code = "examinations:paper-changed-meanwhile"
    remedy = "Read it again and send your change with the present version."


class PapersRefused(Invalid):
    """Some papers cannot be set like this; nothing was written."""

    code = "examinations:papers-refused"
    remedy = "Correct what `errors` names; each says with what it clashes."


class PaperTwice(Conflict):
    """This session has this paper already."""

    code = "examinations:paper-twice"
    remedy = "Several papers of one course have titles of their own, such as Paper 2."


class RoomTaken(Conflict):
    """Another paper is sat in this room at that time."""

    code = "examinations:room-taken"


class GroupBusy(Conflict):
    """The section or class sits another paper at that time."""

    code = "examinations:group-busy"


class InvigilatorBusy(Conflict):
    """Somebody invigilates another paper at that time."""

    code = "examinations:invigilator-busy"
