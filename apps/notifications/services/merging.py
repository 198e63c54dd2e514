"""What of messages goes along when two records of one child become one."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from apps.notifications.models import Message, Preference
from apps.students.models import Student, StudentGuardian
from apps.students.services import moves_on_merge
from apps.students.services.merging import Moved


@moves_on_merge("messages", of=Message)
def move_messages(duplicate: Student, kept: Student) -> Moved:
    """Messages move; where the same was told of both records the duplicate's stays with it.

    What a guardian of both said of the duplicate they said of the child: a channel that they do not want of one of the
    two they do not want.
    """
    _preferences(duplicate, kept)
    theirs = Message.objects.filter(student=duplicate)
    same = Message.objects.filter(student=kept, fact=OuterRef("fact"), key=OuterRef("key"), channel=OuterRef("channel"))
    clash = same.filter(guardian=OuterRef("guardian")) | same.filter(guardian=None, user=OuterRef("user"))
    moved = theirs.exclude(Exists(clash)).update(student=kept)
    return Moved(moved, theirs.count())


def _preferences(duplicate: Student, kept: Student) -> None:
    links = {each.guardian_id: each for each in StudentGuardian.objects.filter(student=kept)}
    for said in Preference.objects.filter(link__student=duplicate, guardian__in=links):
        link = links[said.guardian_id]
        own, made = Preference.objects.get_or_create(
            guardian_id=said.guardian_id, link=link, channel=said.channel, defaults={"wanted": said.wanted}
        )
        if not made and own.wanted and not said.wanted:
            own.wanted = False
            own.save(update_fields=["wanted"])
