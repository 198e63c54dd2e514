"""Whom announcements are for, and who may see which."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Model, Q, QuerySet

from apps.access import selectors as access_selectors
from apps.access import services as access
from apps.access.models import Role
from apps.accounts.models import User
from apps.institutions.models import CourseClass, GradeLevel, Institution, Section
from apps.institutions.selectors import school_timezone, school_today
from apps.notifications.errors import AnnouncementUnknown
from apps.notifications.models import Announcement, Channel, Message
from apps.students.models import ClassEnrolment, Enrolment, SectionMembership, Student, StudentGuardian

Kind, To = Announcement.Kind, Announcement.To


@dataclass(frozen=True, slots=True)
class Audience:
    """Part of a school, and whom of it: see ``Announcement``."""

    kind: str
    targets: Sequence[str] = ()
    to: Sequence[str] = (To.GUARDIANS,)

    @classmethod
    def of(cls, found: Announcement) -> Audience:
        return cls(found.kind, found.targets, found.to)

    def rows(self) -> list[Any]:
        """What it is made of. One query; those that do not exist are missing."""
        model = _MODELS.get(Kind(self.kind))
        if model is None:
            return []
        if model is Role:
            return list(Role.objects.filter(code__in=self.targets))
        return list(model._default_manager.filter(sourced_id__in=_public_ids(self.targets)))


_MODELS: dict[Announcement.Kind, type[Model]] = {
    Kind.CAMPUS: Institution,
    Kind.LEVEL: GradeLevel,
    Kind.SECTION: Section,
    Kind.CLASS: CourseClass,
    Kind.STUDENTS: Student,
    Kind.ROLE: Role,
}


def _public_ids(said: Sequence[str]) -> list[UUID]:
    found = []
    for each in said:
        try:
            found.append(UUID(each))
        except ValueError:
            continue
    return found


def students_of(audience: Audience, day: dt.date) -> Q:
    """The students of an audience on ``day``."""
    ids = _public_ids(audience.targets)
    enrolled = Enrolment.objects.on(day)
    match Kind(audience.kind):
        case Kind.SCHOOL:
            return Q(pk__in=enrolled.values("student"))
        case Kind.CAMPUS:
            return Q(pk__in=enrolled.filter(institution__sourced_id__in=ids).values("student"))
        case Kind.LEVEL:
            return Q(pk__in=enrolled.filter(grade_level__sourced_id__in=ids).values("student"))
        case Kind.SECTION:
            members = SectionMembership.objects.on(day).filter(section__sourced_id__in=ids)
            return Q(pk__in=members.values("student"))
        case Kind.CLASS:
            taught = CourseClass.objects.filter(sourced_id__in=ids)
            own = ClassEnrolment.objects.on(day).filter(course_class__in=taught.values("pk"))
            sections = taught.filter(section__isnull=False).values("section")
            whole = SectionMembership.objects.on(day).filter(section__in=sections)
            return Q(pk__in=own.values("student")) | Q(pk__in=whole.values("student"))
        case Kind.STUDENTS:
            return Q(sourced_id__in=ids)
        case _:
            return Q(pk__in=[])


def guardians_of(audience: Audience) -> QuerySet[Any, Any]:
    """The guardians who may see a student of an audience: rows with ``guardian``, one for each."""
    if To.GUARDIANS not in audience.to or audience.kind == Kind.ROLE:
        return StudentGuardian.objects.none().values("guardian")
    students = Student.objects.filter(students_of(audience, school_today()), merged_into__isnull=True)
    links = StudentGuardian.objects.filter(student__in=students.values("pk"), data_access=True, restriction_note="")
    return links.values("guardian").order_by("guardian").distinct()


def users_of(audience: Audience) -> QuerySet[Any, User]:
    """The logins that an audience is for: those of its students, or of everybody in a role."""
    day = school_today()
    if audience.kind == Kind.ROLE:
        held = Q(role_assignments__role__code__in=audience.targets) & _held_on(day)
        return User.objects.filter(held, is_active=True).order_by("pk").distinct()
    if To.STUDENTS not in audience.to:
        return User.objects.none()
    students = Student.objects.filter(students_of(audience, day), merged_into__isnull=True, user__isnull=False)
    return User.objects.filter(pk__in=students.values("user"), is_active=True).order_by("pk")


def is_still_for(found: Announcement, message: Message) -> bool:
    """Whether the reader of ``message`` may still see a student whom it was for on its day, or still has its role."""
    audience = Audience.of(found)
    if message.guardian_id is None:
        return audience.kind != Kind.ROLE or users_of(audience).filter(pk=message.user_id).exists()
    day = found.publish_at.astimezone(ZoneInfo(school_timezone())).date()
    students = Student.objects.filter(students_of(audience, day))
    about = Q(student__in=students.values("pk"))
    about |= Q(student__in=students.filter(merged_into__isnull=False).values("merged_into"))
    links = StudentGuardian.objects.filter(about, guardian=message.guardian_id, data_access=True, restriction_note="")
    return links.exists()


def _held_on(day: dt.date) -> Q:
    begun = Q(role_assignments__starts_on=None) | Q(role_assignments__starts_on__lte=day)
    return begun & (Q(role_assignments__ends_on=None) | Q(role_assignments__ends_on__gt=day))


def announcements_seen(*, by: User) -> QuerySet[Any, Announcement]:
    """Those that ``by`` wrote; all, for who sees what the school sends. Each with ``told``, ``read``, ``confirmed``.

    Raises:
        PermissionMissing.
    """
    access.require(by, "messages.announce")
    own = Q(written_by=by)
    if access_selectors.reaches_everything(by, "messages.view") and (
        "messages.view" in access_selectors.permissions_of(by)
    ):
        own = Q()
    in_inbox = Q(messages__channel=Channel.INBOX, messages__fact="announcement") & ~Q(
        messages__state=Message.State.SUPPRESSED
    )
    return Announcement.objects.filter(own).annotate(
        told=Count("messages", filter=in_inbox),
        read=Count("messages", filter=in_inbox & Q(messages__read_at__isnull=False)),
        confirmed=Count("messages", filter=in_inbox & Q(messages__acknowledged_at__isnull=False)),
    )


def announcement_seen(announcement: UUID, *, by: User, to_change: bool = False) -> Announcement:
    """One of those. Raises ``PermissionMissing``, ``AnnouncementUnknown``."""
    found = announcements_seen(by=by).filter(sourced_id=announcement).first()
    if found is None:
        raise AnnouncementUnknown
    if to_change:
        return Announcement.objects.select_for_update(no_key=True).get(pk=found.pk)
    return found


def readers_of(announcement: UUID, *, by: User) -> QuerySet[Any, Message]:
    """Whom an announcement was told to: their inbox messages, with who has read and confirmed it.

    Raises:
        PermissionMissing, AnnouncementUnknown.
    """
    found = announcement_seen(announcement, by=by)
    rows = Message.objects.filter(announcement=found, channel=Channel.INBOX, fact="announcement")
    return rows.exclude(state=Message.State.SUPPRESSED).select_related("guardian", "user").order_by("pk")
