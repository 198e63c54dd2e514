"""What of messages goes along when two records of one child, or of one guardian, become one."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from apps.notifications.models import Message, Preference
from apps.students.models import Guardian, Student, StudentGuardian
from apps.students.services import moves_on_merge, moves_with_guardian
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


@moves_with_guardian("messages")
def move_messages_of_guardian(duplicate: Guardian, kept: Guardian) -> Moved:
    """Messages move; where the same was told to both the duplicate's stays with it. Channels as of two children."""
    _preferences_of_guardian(duplicate, kept)
    theirs = Message.objects.filter(guardian=duplicate)
    clash = Message.objects.filter(
        guardian=kept, fact=OuterRef("fact"), key=OuterRef("key"), channel=OuterRef("channel")
    )
    same = clash.filter(student=OuterRef("student")) | clash.filter(student=None)
    moved = theirs.exclude(Exists(same)).update(guardian=kept)
    return Moved(moved, theirs.count())


def _preferences_of_guardian(duplicate: Guardian, kept: Guardian) -> None:
    links = {each.student_id: each.pk for each in StudentGuardian.objects.filter(guardian=kept)}
    own = {(each.link_id, each.channel): each for each in Preference.objects.filter(guardian=kept)}
    for said in Preference.objects.filter(guardian=duplicate).select_related("link"):
        # A child of the duplicate alone keeps its link.
        link = None if said.link is None else links.get(said.link.student_id, said.link_id)
        there = own.get((link, said.channel))
        if there is None:
            said.guardian, said.link_id = kept, link
            said.save(update_fields=["guardian", "link"])
        elif there.wanted and not said.wanted:
            there.wanted = False
            there.save(update_fields=["wanted"])
