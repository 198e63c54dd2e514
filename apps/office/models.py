"""What the office remembers for a person: the filters they gave a name, and what they asked of many rows."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from apps.accounts.models import User
from schoolops import twins
from schoolops.privacy import Fate, Held
from schoolops.rows import PublicRow


class SavedFilter(PublicRow):
    """A search, filters and an order of one list, under a name of ``user``'s own. Nobody else sees it.

    ``listed`` is the label of the list's model, ``query`` the part of an address after its question mark.
    """

    LONGEST_NAME: ClassVar[int] = 60
    LONGEST_QUERY: ClassVar[int] = 1_000
    # Of one person on one list: all of them stand above it.
    MOST: ClassVar[int] = 30

    user = models.ForeignKey(User, on_delete=models.CASCADE, db_index=False, related_name="saved_filters")
    listed = models.CharField(max_length=100)
    name = models.CharField(max_length=LONGEST_NAME)
    name_twin = twins.count()
    query = models.CharField(max_length=LONGEST_QUERY)

    objects: ClassVar[Any] = models.Manager()

    held: ClassVar[Held] = {"user": Fate.GOES}

    class Meta:
        ordering = ("name", "id")
        constraints = (
            # Serves the list too: its first two columns are what a page asks for.
            twins.once("name", within=("user", "listed"), name="saved_filter_name_once"),
        )

    def __str__(self) -> str:
        return self.name


class ListChange(PublicRow):
    """A change of more rows of one list than one request makes: a worker makes it, lot by lot.

    ``listed`` is the label of the list's model. ``sent`` is what the form said, until it is done. ``waiting``: key of a
    row → which state of it was there when its change was begun; ``outcomes``: key → what became of it, once it has.
    """

    class State(models.TextChoices):
        DRAFT = "draft"
        CONFIRMED = "confirmed"
        DONE = "done"

    KEPT_DAYS: ClassVar[int] = 30

    user = models.ForeignKey(User, on_delete=models.CASCADE, db_index=False, related_name="list_changes")
    listed = models.CharField(max_length=100)
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    sent: Any = models.JSONField(default=dict)
    waiting: Any = models.JSONField(default=dict)
    outcomes: Any = models.JSONField(default=dict)
    begun_at = models.DateTimeField()

    objects: ClassVar[Any] = models.Manager()

    held: ClassVar[Held] = {"user": Fate.GOES}

    def __str__(self) -> str:
        return self.listed
