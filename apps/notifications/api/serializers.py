"""What the API of messages takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from apps.institutions.models import GradeLevel
from apps.notifications.models import LONGEST_SUBJECT, LONGEST_TEXT, Announcement, Channel, Message
from schoolops.api.fields import RowId


class InboxOut(serializers.Serializer[object]):
    """A message to whoever asks."""

    id = serializers.UUIDField()
    fact = serializers.CharField(help_text="What it is about, such as attendance.absent.")
    subject = serializers.CharField()
    text = serializers.CharField()
    student_id = serializers.UUIDField(allow_null=True, help_text="About which child.")
    announcement_id = serializers.UUIDField(allow_null=True)
    attachment_name = serializers.CharField(help_text="What came with it; empty where nothing did.")
    acknowledge = serializers.BooleanField(help_text="Whether the reader is asked to confirm it.")
    sent_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)
    acknowledged_at = serializers.DateTimeField(allow_null=True)


class PreferenceOut(serializers.Serializer[object]):
    """How a guardian wants to be told: yes, no, or null where they said nothing."""

    student_id = serializers.UUIDField(allow_null=True, help_text="Of which child; null: of all others.")
    email = serializers.BooleanField(allow_null=True)
    sms = serializers.BooleanField(allow_null=True)


class PreferencesOut(serializers.Serializer[object]):
    """All of them; none for who is no guardian."""

    preferences = PreferenceOut(many=True)


class PreferenceIn(serializers.Serializer[object]):
    """What is said of one channel."""

    student_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    channel = serializers.ChoiceField(choices=[Channel.EMAIL.value, Channel.SMS.value])
    wanted = serializers.BooleanField(allow_null=True, help_text="null takes back what was said.")


class MessageOut(serializers.Serializer[object]):
    """What was sent to somebody, or waits, and what became of it."""

    id = serializers.UUIDField()
    fact = serializers.CharField()
    channel = serializers.ChoiceField(choices=Channel.choices)
    state = serializers.ChoiceField(choices=Message.State.choices)
    reason = serializers.CharField(help_text="Why it waits, or was not sent.")
    guardian_id = serializers.UUIDField(allow_null=True)
    user_id = serializers.UUIDField(allow_null=True)
    student_id = serializers.UUIDField(allow_null=True)
    due_at = serializers.DateTimeField()
    handed_at = serializers.DateTimeField(allow_null=True)


class AudienceFields(serializers.Serializer[object]):
    """Whom an announcement is for."""

    kind = serializers.ChoiceField(choices=Announcement.Kind.choices)
    targets = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, default=list, max_length=200,
        help_text="Public ids of the groups or students; codes of roles; nothing for the whole school.",
    )  # fmt: skip
    to = serializers.ListField(
        child=serializers.ChoiceField(choices=Announcement.To.choices), required=False, max_length=2,
        default=lambda: [Announcement.To.GUARDIANS.value], help_text="Whom of each student. Not for a role.",
    )  # fmt: skip


class AnnouncementIn(AudienceFields):
    """An announcement to write."""

    title = serializers.CharField(max_length=LONGEST_SUBJECT)
    text = serializers.CharField(max_length=LONGEST_TEXT)
    channels = serializers.ListField(
        child=serializers.ChoiceField(choices=Channel.choices), required=False, max_length=3,
        default=lambda: [Channel.EMAIL.value], help_text="Beside the inbox, which always has it.",
    )  # fmt: skip
    acknowledge = serializers.BooleanField(required=False, default=False)
    publish_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class AudiencePreviewOut(serializers.Serializer[object]):
    """Whom it would reach."""

    recipients = serializers.IntegerField()
    by_channel = serializers.DictField(child=serializers.IntegerField())
    parts = serializers.IntegerField(help_text="Text messages that are paid for.")


class AnnouncementOut(serializers.Serializer[object]):
    """An announcement, and how many were told, have read and have confirmed it."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    text = serializers.CharField()
    kind = serializers.ChoiceField(choices=Announcement.Kind.choices)
    targets = serializers.ListField(child=serializers.CharField())
    to = serializers.ListField(child=serializers.ChoiceField(choices=Announcement.To.choices))
    channels = serializers.ListField(child=serializers.ChoiceField(choices=Channel.choices))
    acknowledge = serializers.BooleanField()
    publish_at = serializers.DateTimeField()
    attachment_name = serializers.CharField(help_text="What goes with it; empty where nothing does.")
    state = serializers.ChoiceField(choices=Announcement.State.choices)
    told = serializers.IntegerField()
    read = serializers.IntegerField()
    confirmed = serializers.IntegerField()


class ReaderOut(serializers.Serializer[object]):
    """Somebody who was told."""

    guardian_id = serializers.UUIDField(allow_null=True)
    user_id = serializers.UUIDField(allow_null=True)
    name = serializers.CharField()
    read_at = serializers.DateTimeField(allow_null=True)
    acknowledged_at = serializers.DateTimeField(allow_null=True)


class RemindedOut(serializers.Serializer[object]):
    """How many are reminded."""

    reminded = serializers.IntegerField()


class AttachedOut(serializers.Serializer[object]):
    """How what was sent along is called."""

    attachment_name = serializers.CharField()


class ResolveIn(serializers.Serializer[object]):
    """What became of a message in doubt."""

    sent = serializers.BooleanField(help_text="It was; or it is to be sent again.")


class BouncedOut(serializers.Serializer[object]):
    """A message that came back, and what was said about it."""

    id = serializers.UUIDField()
    address = serializers.CharField()
    channel = serializers.ChoiceField(choices=Channel.choices)
    bounced_at = serializers.DateTimeField()
    answer = serializers.CharField()
    guardian_id = serializers.UUIDField(allow_null=True)
    user_id = serializers.UUIDField(allow_null=True)


class OutgoingIn(serializers.Serializer[object]):
    """Hours and limits; what is not sent stays."""

    quiet_from = serializers.TimeField(help_text="By the clock of each campus.")
    quiet_until = serializers.TimeField()
    window_minutes = serializers.IntegerField(min_value=0, max_value=720, help_text="For correcting a mark.")
    emails_a_day = serializers.IntegerField(min_value=0, max_value=1_000_000)
    texts_a_day = serializers.IntegerField(min_value=0, max_value=1_000_000)
    absences = serializers.IntegerField(
        min_value=0, max_value=100, help_text="From this many on the class teacher is told; 0: never."
    )
    absences_in_days = serializers.IntegerField(min_value=1, max_value=366)


class OutgoingOut(OutgoingIn):
    """How everything outgoing stands."""

    held_at = serializers.DateTimeField(allow_null=True)
    held_reason = serializers.CharField()
    waiting = serializers.DictField(child=serializers.IntegerField(), help_text="Messages that wait, by channel.")
    unknown = serializers.IntegerField(help_text="Messages in doubt.")
    bounced = serializers.IntegerField(help_text="Addresses from which something came back.")


class HoldIn(serializers.Serializer[object]):
    """Why everything is held."""

    reason = serializers.CharField(max_length=200)


class ReleasedOut(serializers.Serializer[object]):
    """How many messages were held."""

    messages = serializers.IntegerField()


class FactOut(serializers.Serializer[object]):
    """Something that can be told."""

    fact = serializers.CharField()
    name = serializers.CharField()
    critical = serializers.BooleanField(help_text="Always sent: it is about the safety of a login.")
    channels = serializers.ListField(child=serializers.ChoiceField(choices=Channel.choices), help_text="By default.")
    placeholders = serializers.DictField(child=serializers.CharField(), help_text="Name and what it stands for.")


class FactsOut(serializers.Serializer[object]):
    """All of them."""

    facts = FactOut(many=True)


class RuleOut(serializers.Serializer[object]):
    """Whether a fact is sent on a channel."""

    fact = serializers.CharField()
    channel = serializers.ChoiceField(choices=Channel.choices)
    grade_level_id = serializers.UUIDField(allow_null=True, help_text="To families of this one; null: of all others.")
    sends = serializers.BooleanField(allow_null=True, help_text="null: nothing is said, and it goes by default.")


class RuleIn(serializers.Serializer[object]):
    """What is said of a fact on a channel."""

    fact = serializers.CharField(max_length=40)
    channel = serializers.ChoiceField(choices=Channel.choices)
    grade_level_id = RowId(GradeLevel, source="grade_level", required=False, allow_null=True, default=None)
    sends = serializers.BooleanField(allow_null=True, help_text="null takes back what was said.")


class TemplateIn(serializers.Serializer[object]):
    """How a fact is worded, with placeholders in braces."""

    subject = serializers.CharField(
        max_length=LONGEST_SUBJECT, required=False, allow_blank=True, default="", help_text="Not of text messages."
    )
    text = serializers.CharField(max_length=LONGEST_TEXT)


class TemplatePreviewIn(TemplateIn):
    """The same, and a child to look at it with."""

    student_id = serializers.UUIDField()


class WordingOut(serializers.Serializer[object]):
    """Subject and text."""

    subject = serializers.CharField()
    text = serializers.CharField()


class TemplateOut(WordingOut):
    """How a fact is worded by now."""

    own = serializers.BooleanField(help_text="By the school, and not by the release.")
