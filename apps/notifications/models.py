"""What a school tells people: each message to each recipient, how it is worded, and who wants it on which channel."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.accounts.models import User
from apps.institutions.models import GradeLevel, Institution
from apps.students.models import Guardian, Student, StudentGuardian
from schoolops.context import current_school
from schoolops.privacy import Fate, Held
from schoolops.rows import Fitting, PublicRow, called

LONGEST_SUBJECT, LONGEST_TEXT = 200, 10_000


class Channel(models.TextChoices):
    """By what a message reaches somebody. The values are those of a guardian's link to a child."""

    EMAIL = "email"
    SMS = "sms"
    INBOX = "in-app"


class MessageTemplate(Fitting):
    """How a school words a fact on a channel in a language. Without a row it says what the release says."""

    fact = models.CharField(max_length=40)
    channel = models.CharField(max_length=6, choices=Channel.choices)
    language = models.CharField(max_length=10)
    subject = models.CharField(max_length=LONGEST_SUBJECT, blank=True)
    text = models.TextField(max_length=LONGEST_TEXT)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("fact", "channel", "language"), name="message_template_once"),)

    def __str__(self) -> str:
        return called(self.fact, self.channel, self.language)


class Rule(models.Model):
    """Whether a school sends a fact on a channel, to families of a grade level or of all others. No row: by default."""

    fact = models.CharField(max_length=40)
    channel = models.CharField(max_length=6, choices=Channel.choices)
    grade_level = models.ForeignKey(GradeLevel, on_delete=models.CASCADE, null=True, db_index=False, related_name="+")
    sends = models.BooleanField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("fact", "channel", "grade_level"), nulls_distinct=False, name="message_rule_once"
            ),
        )

    def __str__(self) -> str:
        return called(self.fact, self.channel, self.grade_level)


class Outgoing(models.Model):
    """What holds for everything a school sends. One row, or none: these defaults.

    Quiet hours are those of each campus's timezone; where both ends are equal there are none. Limits are of a day of
    the school; 0 is none.
    """

    one = models.BooleanField(default=True, unique=True)
    held_at = models.DateTimeField(null=True)
    held_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    held_reason = models.CharField(max_length=200, blank=True)
    quiet_from = models.TimeField(default=dt.time(20))
    quiet_until = models.TimeField(default=dt.time(7))
    window_minutes = models.PositiveSmallIntegerField(default=30, help_text="For correcting a mark before it is told.")
    emails_a_day = models.PositiveIntegerField(default=0)
    texts_a_day = models.PositiveIntegerField(default=500)
    absences = models.PositiveSmallIntegerField(default=3, help_text="From this many on the class teacher is told …")
    absences_in_days = models.PositiveSmallIntegerField(default=10, help_text="… where they are within so many days.")

    held: ClassVar[Held] = {"held_by": Fate.ACTED}

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(one=True), name="outgoing_is_one"),)

    def __str__(self) -> str:
        return "held" if self.held_at else "flows"


class Preference(models.Model):
    """Whether a guardian wants messages on a channel: about one child, or (no link) about all others."""

    guardian = models.ForeignKey(Guardian, on_delete=models.CASCADE, db_index=False, related_name="preferences")
    link = models.ForeignKey(
        StudentGuardian, on_delete=models.CASCADE, null=True, db_index=False, related_name="preferences"
    )
    channel = models.CharField(max_length=6, choices=Channel.choices)
    wanted = models.BooleanField()

    held: ClassVar[Held] = {"guardian": Fate.GOES}

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("guardian", "link", "channel"), nulls_distinct=False, name="message_preference_once"
            ),
        )

    def __str__(self) -> str:
        return called(self.guardian, self.link, self.channel)


def announcement_attachment_path(announcement: Announcement, filename: str) -> str:
    """Where what goes with an announcement is stored, below the school's own folder."""
    return f"{current_school().schema_name}/announcements/{announcement.sourced_id}/{filename}"


class Announcement(PublicRow):
    """Something that is told to many: to the guardians of, and to, the students of a part of the school, or to a role.

    ``targets`` are public ids of rows of ``kind``, or codes of roles. ``to`` says who of a student's people it is for.
    """

    class Kind(models.TextChoices):
        SCHOOL = "school"
        CAMPUS = "campus"
        LEVEL = "level"
        SECTION = "section"
        CLASS = "class"
        STUDENTS = "students"
        ROLE = "role"

    class To(models.TextChoices):
        GUARDIANS = "guardians"
        STUDENTS = "students"

    class State(models.TextChoices):
        SCHEDULED = "scheduled"
        SENDING = "sending"
        PUBLISHED = "published"
        WITHDRAWN = "withdrawn"

    title = models.CharField(max_length=LONGEST_SUBJECT)
    text = models.TextField(max_length=LONGEST_TEXT)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    targets: Any = ArrayField(models.CharField(max_length=60), default=list)
    to: Any = ArrayField(models.CharField(max_length=9, choices=To.choices), default=list)
    channels: Any = ArrayField(models.CharField(max_length=6, choices=Channel.choices), default=list)
    acknowledge = models.BooleanField(default=False, help_text="Readers are asked to confirm that they read it.")
    attachment = models.FileField(
        upload_to=announcement_attachment_path, max_length=300, blank=True, default="", db_default=""
    )
    # As its readers see it called.
    attachment_name = models.CharField(max_length=120, blank=True, default="", db_default="")
    publish_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.SCHEDULED)
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    written_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True)

    held: ClassVar[Held] = {"written_by": Fate.ACTED}

    class Meta:
        ordering = ("-publish_at", "-id")

    def __str__(self) -> str:
        return self.title


class Message(PublicRow):
    """A fact told to one recipient on one channel: once, by constraint.

    ``key`` says which fact of its kind: a day, a public id. About several children of a guardian there is one row for
    each, and those that were handed over as one are ``part_of`` the first. ``subject``, ``text`` and ``address`` are
    what was handed over. Whether it was read stands beside what became of it.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        DEFERRED = "deferred"
        # Being handed over: whoever finds it so after a crash does not know whether it was.
        SENDING = "sending"
        SENT = "sent"
        DELIVERED = "delivered"
        BOUNCED = "bounced"
        FAILED = "failed"
        SUPPRESSED = "suppressed"
        OUTCOME_UNKNOWN = "outcome_unknown"

    class Reason(models.TextChoices):
        """Why it waits, or was not sent."""

        NO_LONGER_SO = "no-longer-so"
        NO_ACCESS = "no-access"
        NOT_WANTED = "not-wanted"
        NO_ADDRESS = "no-address"
        ADDRESS_BOUNCED = "address-bounced"
        SWITCHED_OFF = "switched-off"
        DISCARDED = "discarded"
        QUIET_HOURS = "quiet-hours"
        DAILY_LIMIT = "daily-limit"
        OUTAGE = "outage"

    fact = models.CharField(max_length=40)
    key = models.CharField(max_length=60)
    channel = models.CharField(max_length=6, choices=Channel.choices)
    guardian = models.ForeignKey(Guardian, on_delete=models.CASCADE, null=True, db_index=False, related_name="messages")
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, db_index=False, related_name="messages")
    student = models.ForeignKey(Student, on_delete=models.CASCADE, null=True, db_index=False, related_name="messages")
    institution = models.ForeignKey(
        Institution, on_delete=models.CASCADE, null=True, db_index=False, related_name="messages"
    )
    announcement = models.ForeignKey(
        Announcement, on_delete=models.CASCADE, null=True, db_index=False, related_name="messages"
    )
    part_of = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, db_index=False, related_name="parts")
    state = models.CharField(max_length=15, choices=State.choices, default=State.QUEUED)
    reason = models.CharField(max_length=15, choices=Reason.choices, blank=True)
    # What whoever was to pass it on said about it.
    answer = models.CharField(max_length=200, blank=True)
    due_at = models.DateTimeField()
    made_at = models.DateTimeField()
    handed_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    # The job that hands it over.
    job = models.BigIntegerField(null=True)
    address = models.CharField(max_length=254, blank=True)
    # While set, nothing more is sent to ``address``.
    bounced_at = models.DateTimeField(null=True)
    reference = models.CharField(max_length=120, blank=True)
    language = models.CharField(max_length=10, blank=True)
    subject = models.CharField(max_length=LONGEST_SUBJECT, blank=True)
    text = models.TextField(blank=True)
    read_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)

    held: ClassVar[Held] = {"guardian": Fate.GOES, "user": Fate.GOES, "student": Fate.GOES}

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("fact", "key", "channel", "guardian", "user", "student"),
                nulls_distinct=False,
                name="message_once",
            ),
            models.CheckConstraint(
                condition=Q(guardian__isnull=False, user__isnull=True) | Q(guardian__isnull=True, user__isnull=False),
                name="message_to_one",
            ),
            models.CheckConstraint(condition=~Q(state="suppressed") | ~Q(reason=""), name="message_suppressed_why"),
        )

    def __str__(self) -> str:
        return called(self.subject or self.fact, self.guardian or self.user)

    @property
    def recipient(self) -> Guardian | User:
        found = self.guardian or self.user
        assert found is not None  # noqa: S101 - held by the database
        return found


# What is still to be handed over, and what certainly or perhaps was.
WAITING = (Message.State.QUEUED, Message.State.DEFERRED)
HANDED = (Message.State.SENT, Message.State.DELIVERED, Message.State.OUTCOME_UNKNOWN, Message.State.SENDING)
