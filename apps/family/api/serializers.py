"""What the family's doors of the API take and give."""

from __future__ import annotations

from rest_framework import serializers

from apps.family.models import ContactRequest


class ContactRequestIn(serializers.Serializer[object]):
    """How a guardian wants to be reached; what is left empty is taken away."""

    phone = serializers.CharField(max_length=40, allow_blank=True)
    email = serializers.EmailField(max_length=254, allow_blank=True)


class ContactRequestOut(ContactRequestIn):
    """A wish to be reached otherwise, and what became of it."""

    id = serializers.UUIDField()
    guardian_id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=ContactRequest.State.choices)
    asked_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


class CalendarFeedOut(serializers.Serializer[object]):
    """The calendar of a child that a program reads under a secret address."""

    begun_at = serializers.DateTimeField(allow_null=True, help_text="Since when there is one; null: there is none.")


class NewCalendarFeedOut(CalendarFeedOut):
    """The same, just begun."""

    address = serializers.URLField(help_text="Said this once: whoever has it reads the calendar.")


class LookOut(serializers.Serializer[object]):
    """Somebody looked at a child's data, or worked on it."""

    at = serializers.DateTimeField()
    who = serializers.CharField()
    action = serializers.CharField(help_text="As the trail calls it, such as students.looked-at.")
    said = serializers.CharField(help_text="The same in the language of the request.")


class LooksOut(serializers.Serializer[object]):
    """The last hundred of a year, the latest first."""

    looks = LookOut(many=True)
