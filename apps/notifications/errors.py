"""What messages refuse."""

from __future__ import annotations

from schoolops.errors import Conflict, Invalid, NotFound


class MessageUnknown(NotFound):
    """There is no such message."""

    code = "notifications:message-unknown"


class NothingToAcknowledge(Conflict):
    """Nobody asked for this message to be confirmed."""

    code = "notifications:nothing-to-acknowledge"


class OutcomeKnown(Conflict):
    """What became of this message is known by now."""

    code = "notifications:outcome-known"


class AttachmentUnknown(NotFound):
    """There is no such file."""

    code = "notifications:attachment-unknown"


class AttachmentRefused(Invalid):
    """This file cannot be sent with an announcement."""

    code = "notifications:attachment-refused"
    remedy = "Attach a PDF, or a picture as JPEG, PNG or WebP, of {most} MB at most."
    field = "attachment"


class AnnouncementUnknown(NotFound):
    """There is no such announcement."""

    code = "notifications:announcement-unknown"


class AnnouncementPublished(Conflict):
    """This announcement is published already."""

    code = "notifications:announcement-published"


class AudienceEmpty(Invalid):
    """Nobody would be told."""

    code = "notifications:audience-empty"
    remedy = "Choose at least one group, and whom of it to tell."
    field = "targets"


class AudienceUnknown(Invalid):
    """Not all of these are known to you."""

    code = "notifications:audience-unknown"
    field = "targets"


class FactUnknown(NotFound):
    """There is no such fact."""

    code = "notifications:fact-unknown"


class LanguageUnknown(Invalid):
    """This language is not spoken here."""

    code = "notifications:language-unknown"
    field = "language"


class PlaceholdersUnknown(Invalid):
    """These placeholders are not known here: {names}."""

    code = "notifications:placeholders-unknown"
    remedy = "Use those that are listed beside the template."


class BracesAstray(Invalid):
    """A brace stands alone."""

    code = "notifications:braces-astray"
    remedy = "A placeholder is its name in braces, without spaces; there are no other braces."


class TextMissing(Invalid):
    """A template says something."""

    code = "notifications:text-missing"
    field = "text"


class NothingHeld(Conflict):
    """Nothing is held."""

    code = "notifications:nothing-held"


class HeldAlready(Conflict):
    """Everything outgoing is held already."""

    code = "notifications:held-already"


class AlwaysSent(Conflict):
    """This is always sent: it is about the safety of a login."""

    code = "notifications:always-sent"


class LinkUnknown(NotFound):
    """This is none of your children."""

    code = "notifications:link-unknown"


class ReportRefused(NotFound):
    """There is nothing here by that name."""

    code = "notifications:report-refused"
