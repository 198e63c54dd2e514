"""What families ask to be corrected, and the calendars that they gave a link to."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.students.models import Guardian, Student
from schoolops import clock
from schoolops.privacy import Fate, Held, Privacy
from schoolops.rows import PublicRow, called


class ContactRequest(PublicRow):
    """A guardian's wish to be reached otherwise; the office accepts or refuses it. One is open at a time."""

    class State(models.TextChoices):
        REQUESTED = "requested", _("requested")
        ACCEPTED = "accepted", _("accepted")
        REFUSED = "refused", _("refused")

    guardian = models.ForeignKey(Guardian, on_delete=models.CASCADE, db_index=False, related_name="contact_requests")
    phone = models.CharField(max_length=40, blank=True)
    email = models.EmailField(blank=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.REQUESTED)
    asked_at = models.DateTimeField(default=clock.now)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    decided_at = models.DateTimeField(null=True)

    privacy: ClassVar[Privacy] = Privacy(
        public=frozenset({"id", "sourced_id", "guardian", "state", "asked_at", "decided_by", "decided_at"}),
        personal=frozenset({"phone", "email"}),
    )
    held: ClassVar[Held] = {"guardian": Fate.GOES, "decided_by": Fate.ACTED}

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("guardian",), condition=Q(state="requested"), name="contact_request_one_open"
            ),
        )

    def __str__(self) -> str:
        return called(self.guardian)


class CalendarFeed(models.Model):
    """A secret address under which a program reads a child's lessons and exams, for ``user``; the latest one holds.

    Like a session, it is void once the logins of ``user`` were ended. Only the secret's SHA-256 is stored (32 bytes).
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, db_index=False, related_name="+")
    student = models.ForeignKey(Student, on_delete=models.CASCADE, db_index=False, related_name="+")
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(default=clock.now)

    privacy: ClassVar[Privacy] = Privacy(
        public=frozenset({"id", "user", "student", "created_at"}), secret=frozenset({"digest"})
    )
    held: ClassVar[Held] = {"user": Fate.GOES, "student": Fate.GOES}

    class Meta:
        constraints: ClassVar[Any] = (
            models.UniqueConstraint(fields=("user", "student"), name="calendar_feed_one_each"),
        )

    def __str__(self) -> str:
        return called(self.user, self.student)

    @property
    def holds(self) -> bool:
        """Whether it was begun after the logins of whose it is were ended last."""
        ended = self.user.logins_ended_at
        return ended is None or self.created_at > ended
