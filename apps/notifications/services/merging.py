"""What of messages goes along when two records of one child become one."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from apps.notifications.models import Message
from apps.students.models import Student
from apps.students.services import moves_on_merge
from apps.students.services.merging import Moved


@moves_on_merge("messages", of=Message)
def move_messages(duplicate: Student, kept: Student) -> Moved:
    """Messages move; where the same was told of both records the duplicate's stays with it."""
    theirs = Message.objects.filter(student=duplicate)
    same = Message.objects.filter(student=kept, fact=OuterRef("fact"), key=OuterRef("key"), channel=OuterRef("channel"))
    clash = same.filter(guardian=OuterRef("guardian")) | same.filter(guardian=None, user=OuterRef("user"))
    moved = theirs.exclude(Exists(clash)).update(student=kept)
    return Moved(moved, theirs.count())
