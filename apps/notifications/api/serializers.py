"""What the API of messages takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from apps.notifications.models import LONGEST_SUBJECT, LONGEST_TEXT, Announcement, Channel, Message


class InboxOut(serializers.Serializer[object]):
    """A message to whoever asks."""

    id = serializers.UUIDField()
    fact = serializers.CharField(help_text="What it is about, such as attendance.absent.")
    subject = serializers.CharField()
    text = serializers.CharField()
    student_id = serializers.UUIDField(allow_null=True, help_text="About which child.")
    announcement_id = serializers.UUIDField(allow_null=True)
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
