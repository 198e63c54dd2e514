"""An import from the file to its undoing: what was read, what it would change, and what our rows are called outside."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q, Value

from apps.accounts.models import User
from apps.examinations.models import ExamSession
from apps.institutions.models import Institution
from schoolops.context import current_school
from schoolops.privacy import Fate, Held
from schoolops.rows import PublicRow


def import_path(run: PublicRow, filename: str) -> str:
    """Where an uploaded file is kept, below the school's own folder."""
    return f"{current_school().schema_name}/imports/{run.sourced_id}/{filename}"


class Import(PublicRow):
    """One uploaded file, and how far it has come.

    ``counts`` is ``{kind: {action: rows}}``; ``problem`` says why the file as a whole was refused; ``notes`` are about
    what was read leniently (``reading.notes``). ``mapping`` says which field each of the file's ``headers`` holds; of a
    bundle ``headers`` are those that nobody knows, ``users.csv: header``.
    """

    class Source(models.TextChoices):
        ONEROSTER = "oneroster", "OneRoster bundle"
        STUDENTS = "students", "Students"
        GUARDIANS = "guardians", "Guardians"
        STAFF = "staff", "Staff"
        SECTIONS = "sections", "Sections"

    class State(models.TextChoices):
        RECEIVED = "received"
        VALIDATED = "validated"
        APPLYING = "applying"
        APPLIED = "applied"
        FAILED = "failed"
        UNDOING = "undoing"
        UNDONE = "undone"
        # Applied in part: its job came to nothing, and another import has begun since.
        STOPPED = "stopped"
        # Nobody confirmed it in time.
        EXPIRED = "expired"

    # Empty until the headers of a spreadsheet are read.
    source = models.CharField(max_length=10, choices=Source.choices, blank=True)
    file = models.FileField(upload_to=import_path, max_length=300)
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    institution = models.ForeignKey(
        Institution, on_delete=models.SET_NULL, null=True, blank=True, db_index=False, related_name="imports"
    )
    state = models.CharField(max_length=9, choices=State.choices, default=State.RECEIVED)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, db_index=False, related_name="imports")
    received_at = models.DateTimeField()
    validated_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    counts = models.JSONField(default=dict)
    notes = models.JSONField(default=list)
    problem = models.JSONField(null=True, blank=True)
    headers = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    done = models.PositiveIntegerField(default=0)
    of = models.PositiveIntegerField(default=0)
    job_id = models.BigIntegerField(null=True, blank=True)
    sheet = models.CharField(max_length=100, blank=True, default="", db_default="", help_text="Which was asked for.")
    day_order = models.CharField(
        max_length=3,
        blank=True,
        default="",
        db_default="",
        choices=(("D/M", "D/M"), ("M/D", "M/D")),
        help_text="How its days are written, where it was said; of the school’s next such files as well.",
    )
    reading = models.PositiveIntegerField(default=0, help_text="How often it was read: who confirms says which one.")
    turn = models.PositiveIntegerField(default=0, help_text="How often applying was begun: an earlier one stops.")
    # `student.birth_date` → true: in every row; or the rows, `students.csv:3`.
    takes = models.JSONField(
        default=dict,
        db_default=Value({}, models.JSONField()),
        help_text="Where the file’s value is taken over one that a person set.",
    )
    cleared_at = models.DateTimeField(null=True, blank=True, help_text="When its file and its rows were cleared.")
    moved_at = models.DateTimeField(null=True, blank=True, help_text="When something was last done about it.")
    wrote_at = models.DateTimeField(null=True, blank=True, help_text="When it last wrote a row of the school.")

    held: ClassVar[Held] = {"by": Fate.ACTED}

    class Meta:
        ordering = ("-received_at", "-id")
        constraints = (
            # Two at once would each act on what the other is about to change.
            models.UniqueConstraint(fields=("state",), condition=Q(state="applying"), name="import_one_applying"),
            models.UniqueConstraint(fields=("state",), condition=Q(state="undoing"), name="import_one_undoing"),
        )

    def __str__(self) -> str:
        return f"{self.file_name} of {self.received_at:%Y-%m-%d %H:%M}"

    def total(self, action: str) -> int:
        """How many rows of any kind have ``action``."""
        return sum(by_action.get(action, 0) for by_action in self.counts.values())


class ImportRow(models.Model):
    """One row of a file, and what it would change.

    ``values`` are typed texts by field; ``refs`` inside it name other rows by their outside ids. ``before`` and
    ``after`` hold the fields that change, ``kept`` those where a person's value stays: ``{field: [ours, theirs]}``;
    ``taken`` names those of ``after`` in which the file's value was asked for over a person's.
    ``errors``: ``[{row, column, code, message, said, facts, remedy}]``.
    """

    class Action(models.TextChoices):
        CREATE = "create"
        UPDATE = "update"
        UNCHANGED = "unchanged"
        ERROR = "error"
        SKIP = "skip"
        # Read, not yet compared.
        STAGED = "staged"

    run = models.ForeignKey(Import, on_delete=models.CASCADE, db_index=False, related_name="rows")
    file = models.CharField(max_length=100)
    row = models.PositiveIntegerField()
    kind = models.CharField(max_length=16)
    key = models.CharField(max_length=520)
    # What else must be unique in a file: a number, a code.
    natural = models.CharField(max_length=320, blank=True)
    name = models.CharField(max_length=250, blank=True)
    values = models.JSONField(default=dict)
    action = models.CharField(max_length=9, choices=Action.choices, default=Action.STAGED)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    kept = models.JSONField(default=dict)
    taken = models.JSONField(default=list, db_default=Value([], models.JSONField()))
    errors = models.JSONField(default=list)
    read_errors = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How many of the errors, the first ones, were found while it was read."
    )
    target_id = models.BigIntegerField(null=True)
    table = models.CharField(max_length=16, blank=True, help_text="Which table `target_id` is of.")
    applied = models.BooleanField(default=False)
    # What stood in the fields before they were written, as the database has it.
    undo = models.JSONField(default=dict)

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.file}:{self.row} {self.kind} {self.key}"

    @property
    def place(self) -> str:
        """Where it stands, however often the file is read."""
        return f"{self.file}:{self.row}"


class Counterpart(models.Model):
    """What a row of ours is called outside, and what an import last wrote into each of its fields.

    A field whose present value differs from ``values`` was changed by a person: imports leave it alone. ``same@…`` says
    of a row of files whether it is this one, as a person settled it.
    """

    # The longest is that of a campus's homerooms, with its key.
    kind = models.CharField(max_length=32)
    row_id = models.BigIntegerField()
    external_id = models.CharField(max_length=520, null=True, blank=True)  # noqa: DJ001 - many have none, and it is unique
    values = models.JSONField(default=dict)
    run = models.ForeignKey(Import, on_delete=models.SET_NULL, null=True, db_index=False, related_name="counterparts")

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("kind", "row_id"), name="counterpart_of_row"),
            models.UniqueConstraint(fields=("kind", "external_id"), name="counterpart_external_id"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.row_id} is {self.external_id}"


class HeaderMapping(models.Model):
    """In this school's files of ``source``, the column called ``header`` holds ``field``."""

    source = models.CharField(max_length=10, choices=Import.Source.choices)
    header = models.CharField(max_length=200)
    field = models.CharField(max_length=60)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("source", "header"), name="mapping_header_once"),)

    def __str__(self) -> str:
        return f"{self.source}: {self.header} is {self.field}"


class MarkFile(PublicRow):
    """A spreadsheet of marks that somebody filled in: read, laid beside the papers, and entered once it is confirmed.

    ``papers``: what the file turned out to be about, ``[{paper, sheet, name, group, version, at, problem}]``: beside
    which version of its marks it was filled in, at which it was compared, and why none of it can be entered, if so.
    ``counts`` is ``{action: rows}``; ``problem`` says why the file as a whole was refused.
    """

    class State(models.TextChoices):
        RECEIVED = "received"
        VALIDATED = "validated"
        APPLYING = "applying"
        APPLIED = "applied"
        FAILED = "failed"

    session = models.ForeignKey(ExamSession, on_delete=models.PROTECT, db_index=False, related_name="mark_files")
    # Where it may be about one paper alone.
    paper = models.UUIDField(null=True)
    file = models.FileField(upload_to=import_path, max_length=300)
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=9, choices=State.choices, default=State.RECEIVED)
    by = models.ForeignKey(User, on_delete=models.PROTECT, db_index=False, related_name="mark_files")
    received_at = models.DateTimeField()
    validated_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # Whether what somebody else entered meanwhile is replaced as well.
    replacing = models.BooleanField(default=False)
    papers = models.JSONField(default=list)
    counts = models.JSONField(default=dict)
    problem = models.JSONField(null=True)
    job_id = models.BigIntegerField(null=True)
    cleared_at = models.DateTimeField(null=True)

    held: ClassVar[Held] = {"by": Fate.ACTED}

    def __str__(self) -> str:
        return f"{self.file_name} of {self.received_at:%Y-%m-%d %H:%M}"


class MarkFileRow(models.Model):
    """A student's row: what stood there as the sheet was made, what stands there by now, and what it says.

    ``errors``: ``[{row, column, code, message, said, facts, remedy}]``.
    """

    class Action(models.TextChoices):
        CREATE = "create"
        UPDATE = "update"
        UNCHANGED = "unchanged"
        # It says one thing, and somebody else has entered another since.
        MEANWHILE = "meanwhile"
        ERROR = "error"

    run = models.ForeignKey(MarkFile, on_delete=models.CASCADE, db_index=False, related_name="rows")
    sheet = models.CharField(max_length=100)
    row = models.PositiveIntegerField()
    paper = models.UUIDField(null=True)
    student = models.UUIDField(null=True)
    component = models.UUIDField(null=True)
    name = models.CharField(max_length=310, blank=True)
    was = models.CharField(max_length=20, blank=True)
    now = models.CharField(max_length=20, blank=True)
    said = models.CharField(max_length=100, blank=True)
    action = models.CharField(max_length=9, choices=Action.choices)
    errors = models.JSONField(default=list)

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.sheet}:{self.row}"
