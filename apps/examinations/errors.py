"""Why a scale, an exam session or a paper is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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


class SessionInUse(Conflict):
    """Something is made of this exam session, such as report cards."""

    code = "examinations:session-in-use"
    remedy = "Cancel it with a reason; what was made of it is kept."


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


# --- marks ------------------------------------------------------------------------------------------------------------
class MarksRefused(Invalid):
    """Some marks cannot be accepted; nothing was recorded."""

    code = "examinations:marks-refused"
    remedy = "Correct the records named in `errors`; a paper names every student who sits it exactly once."


class MarksChangedMeanwhile(PreconditionFailed):
    """These marks have changed since you read them: they are at version {version}, you sent {expected}."""

    code = "examinations:marks-changed-meanwhile"
    remedy = "Read them again, put yours beside what changed, and send them with the present version."

    def __init__(self, *, version: int, expected: int, members: Mapping[str, Any]) -> None:
        super().__init__(version=version, expected=expected)
        self.members = {"version": version, **members}


class PaperAhead(Conflict):
    """This paper is sat on {day}; at its campus it is {today}."""

    code = "examinations:paper-ahead"
    remedy = "Marks are entered once it has been sat."


class NotMarking(Conflict):
    """The exam session {session} is {state}: marks are entered once it is held, while it is marked."""

    code = "examinations:not-marking"
    remedy = "Who sets up exams moves the session on; {who} can re-open this paper, with a reason."


class PostingClosed(Conflict):
    """Marks of {term} are entered from {opens_on} to {closes_on}; it is {today}."""

    code = "examinations:posting-closed"
    remedy = "{who} can re-open them, with a reason."


class MarksLocked(Conflict):
    """The results of {session} are published, or will be at a moment that is set."""

    code = "examinations:marks-locked"
    remedy = "{who} can re-open this paper, with a reason; what is then corrected is public at once."


class MarksNotLocked(Conflict):
    """These marks can be entered, so they need not be re-opened."""

    code = "examinations:marks-not-locked"


class ReopeningReasonMissing(Invalid):
    """Say in at most {most} characters why these marks are re-opened."""

    code = "examinations:reopening-reason-missing"
    field = "reason"


class MarksReopeningTooLong(Invalid):
    """Marks are re-opened for at least one minute and at most {most} hours."""

    code = "examinations:reopening-too-long"


class PaperHasMarks(Conflict):
    """This paper has marks."""

    code = "examinations:paper-has-marks"
    remedy = "Cancel its session with a reason; what was marked is kept."


class ScoresAboveMaximum(Conflict):
    """Some scores of this paper are above {most}."""

    code = "examinations:scores-above-maximum"
    remedy = "Correct these marks first."


# --- components -------------------------------------------------------------------------------------------------------
class ComponentsRefused(Invalid):
    """A paper cannot be made of these components."""

    code = "examinations:components-refused"
    remedy = "Correct what `errors` names: two or more, each with a name of its own, marks and a weight above 0."


class ComponentsHaveMarks(Conflict):
    """Something is entered of this paper: which components it has, and of how many marks, stays."""

    code = "examinations:components-have-marks"
    remedy = "Names and weights can change; for another make-up set another paper."


# --- gradebooks -------------------------------------------------------------------------------------------------------
class GradebookUnknown(NotFound):
    """There is no such gradebook."""

    code = "examinations:gradebook-unknown"


class GradebookThere(Conflict):
    """This section or class has a gradebook in this course and term already."""

    code = "examinations:gradebook-there"


class GradebookRefused(Invalid):
    """A gradebook cannot be like this; nothing was written."""

    code = "examinations:gradebook-refused"
    remedy = "Correct what `errors` names."


class GradebookChangedMeanwhile(PreconditionFailed):
    """This gradebook has changed since you read it: it is at version {version}."""

    code = "examinations:gradebook-changed-meanwhile"
    remedy = "Read it again and send your change with the present version."


class GradebookLocked(Conflict):
    """This gradebook is published, or will be at a moment that is set."""

    code = "examinations:gradebook-locked"
    remedy = "{who} can re-open it, with a reason; what is then corrected is public at once."


class GradebookMarksChangedMeanwhile(PreconditionFailed):
    """Somebody else entered other marks in the same cells since you read them: they are at version {version}."""

    code = "examinations:gradebook-marks-changed-meanwhile"
    remedy = "Read them again, put yours beside what changed, and send them with the present version."


class AssessmentHasMarks(Conflict):
    """Something is entered of {name}: it stays, with its marks."""

    code = "examinations:assessment-has-marks"
    remedy = "Its name, weight and category can change; take its marks back before it goes."


# --- moderation -------------------------------------------------------------------------------------------------------
class ModerationUnknown(NotFound):
    """There is no such moderation of this paper."""

    code = "examinations:moderation-unknown"


class ModerationStands(Conflict):
    """A moderation of this paper is proposed or applied already."""

    code = "examinations:moderation-stands"
    remedy = "Withdraw it, or revert it, before another is proposed."


class ModerationNotOpen(Conflict):
    """This moderation is {state}."""

    code = "examinations:moderation-not-open"
    remedy = "A proposed one is applied or withdrawn, an applied one is reverted."


class ModerationChangesNothing(Invalid):
    """A factor of 1 and a shift of 0 change nothing."""

    code = "examinations:moderation-changes-nothing"
    field = "factor"


class ModerationOutOfReach(Invalid):
    """A factor is from 0 to {factor}, a shift at most the {most} marks of the paper, either way."""

    code = "examinations:moderation-out-of-reach"
    field = "shift"


class NothingToModerate(Conflict):
    """Nobody has a score in this paper yet."""

    code = "examinations:nothing-to-moderate"


# --- remarks ----------------------------------------------------------------------------------------------------------
class RemarksRefused(Invalid):
    """Some remarks cannot be accepted; nothing was recorded."""

    code = "examinations:remarks-refused"
    remedy = "Correct the records named in `errors`."


class RemarksChangedMeanwhile(PreconditionFailed):
    """Somebody else has written some of these remarks anew since you read them."""

    code = "examinations:remarks-changed-meanwhile"
    remedy = "Look at theirs, and send yours beside it."

    def __init__(self, *, members: Mapping[str, Any]) -> None:
        super().__init__()
        self.members = dict(members)


class PhraseUnknown(NotFound):
    """There is no such phrase."""

    code = "examinations:phrase-unknown"


# --- results ----------------------------------------------------------------------------------------------------------
class ResultPolicyChangedMeanwhile(PreconditionFailed):
    """How results are made has changed since you read it: it is at version {version}."""

    code = "examinations:result-policy-changed-meanwhile"
    remedy = "Read it again and send your change with the present version."
