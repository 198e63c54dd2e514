"""Report cards: what stands on them, and each version of each card."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.accounts.models import User
from apps.examinations.models import ExamSession
from apps.institutions.models import GradeLevel, Section
from apps.students.models import Student
from schoolops.context import current_school
from schoolops.privacy import Fate, Held, Kept
from schoolops.rows import Fitting, PublicRow, called

LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def card_path(_card: Any, called: str) -> str:
    """Where a card's PDF and its pictures lie: below the school's own folder."""
    return f"{current_school().schema_name}/report-cards/{called}"


class CardLayout(Fitting):
    """What stands on the cards of a grade level, in order; without one of those that have no layout of their own."""

    class Block(models.TextChoices):
        BRANDING = "branding"
        PHOTO = "photo"
        MARKS = "marks"
        TERM = "term"
        ATTENDANCE = "attendance"
        REMARKS = "remarks"
        LEGEND = "legend"
        SIGNATURES = "signatures"
        NEXT_TERM = "next-term"

    class Language(models.TextChoices):
        ENGLISH = "en"
        ARABIC = "ar"

    grade_level = models.ForeignKey(GradeLevel, on_delete=models.CASCADE, null=True, db_index=False, related_name="+")
    language = models.CharField(max_length=10, choices=Language.choices, default=Language.ENGLISH)
    blocks: Any = ArrayField(models.CharField(max_length=10, choices=Block.choices), default=list)
    # Who signs, as it stands below the line.
    signatures: Any = ArrayField(models.CharField(max_length=80), default=list)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("grade_level",), nulls_distinct=False, name="card_layout_once"),)

    def __str__(self) -> str:
        return str(self.grade_level or "all")


class ReportCard(PublicRow):
    """A version of a student's card of a session.

    ``data`` is all that is printed, in the words that are printed, with the digests of ``photo`` and ``logo``: the
    card's own copies of pictures as they were when it was drafted, in the size of print. A published card never
    changes, by the database; an amendment is another version. ``sha256`` is that of its PDF. That it was amended
    follows from a later version that is public by then.
    """

    class State(models.TextChoices):
        DRAFT = "draft"
        PROOF_READ = "proof-read"
        PUBLISHED = "published"
        # Never stored.
        AMENDED = "amended"

    session = models.ForeignKey(ExamSession, on_delete=models.PROTECT, db_index=False, related_name="cards")
    student = models.ForeignKey(Student, on_delete=models.PROTECT, db_index=False, related_name="report_cards")
    section = models.ForeignKey(Section, on_delete=models.PROTECT, db_index=False, related_name="+")
    version = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    # Printed on it: whoever holds the card asks with it whether the school made it.
    code = models.CharField(max_length=24)
    reason = models.CharField(max_length=200, blank=True)
    data = models.JSONField()
    photo = models.FileField(upload_to=card_path, max_length=300, blank=True, db_default="")
    logo = models.FileField(upload_to=card_path, max_length=300, blank=True, db_default="")
    # Which gradebooks and other sessions it says something of, by key: it is public while all of them are.
    says_books: Any = ArrayField(models.BigIntegerField(), default=list, db_default=[])
    says_sessions: Any = ArrayField(models.BigIntegerField(), default=list, db_default=[])
    # By the database's default for what a release wrote that did not say it.
    drafted_at = models.DateTimeField(db_default=LONG_AGO)
    # From when on families will see it, once the job that was asked for has printed it.
    publish_at = models.DateTimeField(null=True)
    pdf = models.FileField(upload_to=card_path, max_length=300, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")

    held: ClassVar[Held] = {
        "student": Kept(law="certificates", since=("session__term__ends_on",)),
        "published_by": Fate.ACTED,
    }

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("session", "student", "version"), name="report_card_version_once"),
            models.UniqueConstraint(fields=("code",), name="report_card_code_once"),
            models.UniqueConstraint(
                fields=("session", "student"), condition=~Q(state="published"), name="report_card_one_open"
            ),
            models.CheckConstraint(condition=~Q(state="amended"), name="report_card_amended_is_derived"),
            models.CheckConstraint(
                condition=Q(state="published", published_at__isnull=False) & ~Q(sha256="") & ~Q(pdf="")
                | ~Q(state="published") & Q(published_at__isnull=True, sha256="", pdf=""),
                name="report_card_published_whole",
            ),
            models.CheckConstraint(condition=Q(version=1) | ~Q(reason=""), name="report_card_amended_with_reason"),
            models.CheckConstraint(
                condition=Q(publish_at=None) | Q(state="proof-read"), name="report_card_waits_proof_read"
            ),
        )

    def __str__(self) -> str:
        return called(self.student, self.session)

    def is_public(self, moment: dt.datetime) -> bool:
        """Whether its own moment has come; that of the session's results is asked beside it."""
        return self.published_at is not None and self.published_at <= moment
