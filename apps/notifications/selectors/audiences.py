"""Whom announcements are for, and who may see which."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Count, Exists, Func, Model, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast

from apps.access import selectors as access_selectors
from apps.access import services as access
from apps.access.models import Role
from apps.accounts.models import User
from apps.institutions.models import CourseClass, GradeLevel, Institution, Section
from apps.institutions.selectors import school_today
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

    def kept(self) -> list[str]:
        """Its targets as they are kept, and compared with: public ids in one form, however they were written."""
        return list(self.targets) if self.kind == Kind.ROLE else [str(each) for each in _public_ids(self.targets)]

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


def still_for(user: Any, roles: Any) -> Q:
    """Of messages with ``told_on``, the school's day of their announcement: those that ``user`` still may read.

    As a guardian, while they may see a student whom it was for on that day; as who has a role, while they have it. What
    is no announcement is not asked about.
    """
    links = StudentGuardian.objects.filter(guardian__user=user, data_access=True, restriction_note="")
    merged = Student.objects.filter(merged_into__in=links.values("student"))
    mine = links.values("student").union(merged.values("pk"))
    enrolled = Enrolment.objects.filter(student__in=mine).on(OuterRef("told_on"))
    members = SectionMembership.objects.filter(student__in=mine).on(OuterRef("told_on"))
    taught = ClassEnrolment.objects.filter(student__in=mine).on(OuterRef("told_on"))
    about: dict[Announcement.Kind, Q] = {
        Kind.SCHOOL: Q(Exists(enrolled)),
        Kind.CAMPUS: Q(Exists(enrolled.filter(_among_targets("institution__sourced_id")))),
        Kind.LEVEL: Q(Exists(enrolled.filter(_among_targets("grade_level__sourced_id")))),
        Kind.SECTION: Q(Exists(members.filter(_among_targets("section__sourced_id")))),
        Kind.CLASS: Q(Exists(taught.filter(_among_targets("course_class__sourced_id"))))
        | Q(Exists(members.filter(_among_targets("section__classes__sourced_id")))),
        Kind.STUDENTS: Q(Exists(Student.objects.filter(_among_targets("sourced_id"), pk__in=mine))),
    }
    found = Q(announcement=None) | Q(announcement__kind=Kind.ROLE, announcement__targets__overlap=roles)
    found |= Q(guardian=None) & ~Q(announcement__kind=Kind.ROLE)
    for kind, there in about.items():
        found |= Q(announcement__kind=kind) & there
    return found


class _AnyOf(Func):
    template = "(%(expressions)s))"
    arg_joiner = " = ANY("
    output_field: Any = BooleanField()


def _among_targets(public_id: str) -> Q:
    """In a subquery of messages: rows whose public id is one of what the announcement is for."""
    return Q(_AnyOf(Cast(public_id, TextField()), OuterRef("announcement__targets")))


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
