"""What printing refuses."""

from __future__ import annotations

from schoolops.errors import Conflict, Invalid, NotFound


class ListTooLong(Invalid):
    """This list would have {students} students; at most {most} are printed at once."""

    code = "reports:list-too-long"
    remedy = "Choose some of the sections, and print the others after them."


class PaperTooLong(Invalid):
    """This would have {lines} lines; at most {most} are printed at once."""

    code = "reports:paper-too-long"
    remedy = "Choose fewer days, or take it as a file for a spreadsheet."


class SectionOfAnotherYear(Invalid):
    """This section is of another year than the exam session."""

    code = "reports:section-of-another-year"
    remedy = "Choose a section of the session's year."
    field = "section_id"


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


# --- report cards -----------------------------------------------------------------------------------------------------
class CardUnknown(NotFound):
    """There is no such report card."""

    code = "reports:card-unknown"


class NoResultsYet(Conflict):
    """{session} has no results of {section} yet."""

    code = "reports:no-results-yet"
    remedy = "Results are computed when the session goes into moderation, or when somebody asks for them."


class CardsNotProofRead(Conflict):
    """{number} of these cards are drafts that nobody has proof-read."""

    code = "reports:cards-not-proof-read"
    remedy = "Look at them and mark them as proof-read first."


class CardsDraftedMeanwhile(Conflict):
    """{number} of these cards were drafted anew since you looked at them."""

    code = "reports:cards-drafted-meanwhile"
    remedy = "Look at them again, and then mark them as proof-read."


class NoCardsToPublish(Conflict):
    """There is no card here that is proof-read and not published."""

    code = "reports:no-cards-to-publish"
    remedy = "Draft them and mark them as proof-read first."


class CardsBeforeResults(Conflict):
    """These cards would be public before the results of {session} are."""

    code = "reports:cards-before-results"
    remedy = "Publish the results first, for the same moment or an earlier one."


class CardsBeforeTermResults(Conflict):
    """These cards say what {what} comes to, which families may not read by then."""

    code = "reports:cards-before-term-results"
    remedy = "Publish that first, for the same moment or an earlier one, or draft the cards without it."


class CardNotPublished(Conflict):
    """Only a card that is published is amended; this one is still {state}."""

    code = "reports:card-not-published"
    remedy = "Draft the cards of the section anew instead."


class CardBeingAmended(Conflict):
    """This card is being amended already."""

    code = "reports:card-being-amended"


class BlocksRefused(Invalid):
    """A layout has each block at most once, and the marks among them."""

    code = "reports:blocks-refused"
