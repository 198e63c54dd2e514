"""Who I am and what I may do; roles, who holds them, and the trail."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import F, Q, QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access import selectors, services
from apps.access.api import serializers as shapes
from apps.access.errors import AssignmentUnknown, OutOfReach, RoleUnknown
from apps.access.models import Role, RoleAssignment
from apps.access.permissions import PERMISSIONS
from apps.access.services import Wanted
from apps.accounts import selectors as accounts
from apps.accounts import services as account_services
from apps.accounts.api.serializers import UserChangeIn
from apps.accounts.errors import UserUnknown
from apps.accounts.models import TokenFamily, User
from apps.institutions.models import Institution
from schoolops.api import versions
from schoolops.api.parameters import Parameter, day, public_id, text, yes_or_no
from schoolops.api.viewsets import (
    ApiViewSet,
    Columns,
    Rows,
    RowViewSet,
    Usual,
    answer,
    created,
    gone,
    valid,
    with_version,
)
from schoolops.audit.models import AuditEntry
from schoolops.context import current_school
from schoolops.folding import in_column


def _user(request: Request) -> User:
    user: User = request.user  # type: ignore[assignment]
    return user


def _may_read(view: RowViewSet, permission: str) -> None:
    # Whoever has just written a row may read that one back: the service has asked.
    if view.action in {"list", "retrieve"}:
        services.require(_user(view.request), permission)


class Me(ApiViewSet):
    """The person whose token this is."""

    open_in_setup = True

    @extend_schema(operation_id="me", summary="Who I am", responses=shapes.MeOut)
    def show(self, request: Request) -> HttpResponse:
        """My name, my roles, and the codes of what I may do."""
        self.asked_for(request)
        user = _user(request)
        family: TokenFamily = request.auth  # type: ignore[assignment]
        school = current_school()
        missing = "password" if user.must_change_password else "totp"
        return answer(
            {
                "id": user.sourced_id,
                "username": user.username,
                "email": user.email,
                "given_name": user.given_name,
                "family_name": user.family_name,
                "name": str(user),
                "language": user.language,
                "access_until": user.access_until,
                "setup_missing": missing if family.setup_only else "",
                "school": {"slug": school.slug, "name": str(school)},
                "roles": selectors.roles_table(user),
                "permissions": sorted(selectors.permissions_of(user)),
            }
        )

    @extend_schema(operation_id="my_permissions", summary="What I may do", responses=shapes.MyPermissionsOut)
    def permissions(self, request: Request) -> HttpResponse:
        """Each permission I hold in a sentence, and over what I hold it."""
        self.asked_for(request)
        user = _user(request)
        return answer({"roles": selectors.roles_table(user), "permissions": selectors.permission_table(user)})


class Permissions(ApiViewSet):
    """The table of permissions."""

    asks = {
        "list": "access.view over everybody",
    }

    @extend_schema(operation_id="permissions", summary="All permissions", responses=shapes.PermissionsOut)
    def list(self, request: Request) -> HttpResponse:
        """Every permission there is, with its sentence and the built-in roles that begin with it."""
        self.asked_for(request)
        services.require(_user(request), "access.view")
        rows = [
            {"code": permission.code, "sentence": permission.sentence, "roles": permission.roles}
            for permission in PERMISSIONS
        ]
        return answer({"results": rows, "next": None})


class Roles(RowViewSet):
    """Roles as sets of permissions."""

    asks = {
        "list": "access.view over everybody",
        "create": "access.manage over school",
        "retrieve": "access.view over everybody",
        "change": "access.manage over school",
        "remove": "access.manage over school",
        "set_permissions": "access.manage over school",
    }
    out = shapes.RoleOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        "code": "code",
        "name": "name",
        "builtin": "builtin",
        "scope": "scope",
        "version": "version",
        # Found by this key for the whole page, in `finished`.
        "permissions": "sourced_id",
    }
    sorts: ClassVar[Mapping[str, tuple[str, ...]]] = {"name": ("name", "id")}
    filters: ClassVar[Mapping[str, Parameter]] = {"code": Parameter(text, where="code", about="The role's code.")}
    not_visible = RoleUnknown
    export_name = "roles"

    def rows(self) -> QuerySet[Any]:
        _may_read(self, "access.view")
        return Role.objects.all()

    def usual(self) -> Usual:
        services.require(_user(self.request), "access.view")
        return Usual((), Role.objects.all, {})

    def finished(self, page: Rows) -> Rows:
        if page and "permissions" in page[0]:
            held = selectors.permissions_of_roles(row["permissions"] for row in page)
            for row in page:
                row["permissions"] = held[row["permissions"]]
        return page

    def _answer(self, role: Role, *, status: int = 200) -> HttpResponse:
        return with_version(self.row(Q(pk=role.pk)), status=status)

    @extend_schema(summary="Make a role", request=shapes.RoleIn, responses={201: shapes.RoleOut})
    def create(self, request: Request) -> HttpResponse:
        """A role of the school's own, of permissions that one holds oneself."""
        said = valid(shapes.RoleIn, request.data)
        role = services.create_role(**said, by=_user(request))
        return created(request, self.row(Q(pk=role.pk)))

    @extend_schema(summary="Rename a role", request=shapes.RoleNameIn, responses=shapes.RoleOut)
    def change(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Give a role another name. Needs `If-Match` or `version`."""
        said = valid(shapes.RoleNameIn, request.data)
        version = versions.expected(request)
        role = services.rename_role(
            role=selectors.role_by_id(id), name=said["name"], expected_version=version, by=_user(request)
        )
        return self._answer(role)

    @extend_schema(summary="Remove a role", responses={204: None})
    def remove(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Remove a role of the school's own that nobody holds."""
        services.remove_role(role=selectors.role_by_id(id), by=_user(request))
        return gone()

    @extend_schema(
        operation_id="set_role_permissions",
        summary="Change what a role may do",
        request=shapes.RolePermissionsIn,
        responses=shapes.RoleOut,
    )
    def set_permissions(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Let a role hold exactly these permissions, at once. Needs `If-Match` or `version`."""
        said = valid(shapes.RolePermissionsIn, request.data)
        version = versions.expected(request)
        role = services.set_permissions(
            role=selectors.role_by_id(id),
            permissions=said["permissions"],
            expected_version=version,
            by=_user(request),
        )
        return self._answer(role)


class RoleAssignments(RowViewSet):
    """Who holds which role."""

    asks = {
        "list": "access.view over login",
        "create": "access.manage over login",
        "retrieve": "access.view over login",
        "remove": "access.manage over login",
    }
    out = shapes.RoleAssignmentOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        "user_id": "user__sourced_id",
        "username": "user__username",
        "role": "role__code",
        "institution_id": "institution__sourced_id",
        "starts_on": "starts_on",
        "ends_on": "ends_on",
    }
    filters: ClassVar[Mapping[str, Parameter]] = {
        "user_id": Parameter(public_id, where="user__sourced_id", about="Of this user."),
        "role": Parameter(text, where="role__code", about="Of this role, by its code."),
        "institution_id": Parameter(public_id, where="institution__sourced_id", about="At this institution only."),
    }
    not_visible = AssignmentUnknown
    export_name = "role-assignments"

    def rows(self) -> QuerySet[Any]:
        # Whoever has just written a row may read that one back: the service has asked.
        if self.action not in {"list", "retrieve"}:
            return RoleAssignment.objects.all()
        services.require(_user(self.request), "access.view")
        reach = selectors.logins_in_reach(_user(self.request), "access.view")
        found = RoleAssignment.objects.all()
        return found if reach == Q() else found.filter(user__in=accounts.all_users().filter(reach).values("pk"))

    @extend_schema(summary="Give a role", request=shapes.RoleAssignmentIn, responses={201: shapes.RoleAssignmentOut})
    def create(self, request: Request) -> HttpResponse:
        """Let a user hold a role, everywhere or at one institution. Doing it again moves its dates."""
        said = valid(shapes.RoleAssignmentIn, request.data)
        services.require(_user(request), "access.manage")
        institution = None
        if said["institution_id"] is not None:
            institution = Institution.objects.filter(sourced_id=said["institution_id"]).first()
            if institution is None:
                raise OutOfReach
        assignment = services.assign_role(
            user=accounts.user_by_id(said["user_id"]),
            role=said["role"],
            institution=institution,
            starts_on=said["starts_on"],
            ends_on=said["ends_on"],
            by=_user(request),
        )
        return created(request, self.row(Q(pk=assignment.pk)))

    @extend_schema(summary="Take a role away", responses={204: None})
    def remove(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Take a role away at once. Somebody must remain administrator."""
        services.withdraw_role(assignment=selectors.assignment_by_id(id), by=_user(request))
        return gone()


class Users(RowViewSet):
    """Who has a login."""

    asks = {
        "list": "accounts.view over login",
        "create": "accounts.manage over login",
        "retrieve": "accounts.view over login",
        "change": "accounts.manage over login",
    }
    out = shapes.UserOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        "username": "username",
        "email": "email",
        "given_name": "given_name",
        "family_name": "family_name",
        "language": "language",
        "is_active": "is_active",
        "created_at": "created_at",
        "deactivated_at": "deactivated_at",
        "access_until": "access_until",
        # Found by this key for the whole page, in `finished`.
        "roles": "pk",
    }
    sorts: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "name": ("name_key", "id"),
        "username": ("username", "id"),
        "newest": ("-id",),
    }
    filters: ClassVar[Mapping[str, Parameter]] = {
        "q": Parameter(
            text,
            where=lambda words: in_column(F("searched"), words),
            about="Words in the username, the e-mail or the name.",
        ),
        "is_active": Parameter(yes_or_no, where="is_active", about="Only leavers, or only the others."),
        "role": Parameter(
            text,
            where=lambda code: Q(pk__in=RoleAssignment.objects.filter(role__code=code).values("user")),
            about="Who has been given this role, by its code.",
        ),
    }
    not_visible = UserUnknown
    export_name = "users"

    def rows(self) -> QuerySet[Any]:
        if self.action not in {"list", "retrieve"}:
            return accounts.all_users()
        services.require(_user(self.request), "accounts.view")
        return accounts.all_users().filter(selectors.logins_in_reach(_user(self.request), "accounts.view"))

    def finished(self, page: Rows) -> Rows:
        if page and "roles" in page[0]:
            roles = selectors.roles_of_users([row["roles"] for row in page])
            in_a_file = "as" in getattr(self, "asked", {})
            for row in page:
                held = roles[row["roles"]]
                row["roles"] = [each["code"] for each in held] if in_a_file else held
        return page

    @extend_schema(
        operation_id="let_user_in", summary="Let somebody in", request=shapes.UserIn, responses={201: shapes.LetInOut}
    )
    def create(self, request: Request) -> HttpResponse:
        """A new login with its roles, and the link by which its password is set: to print, or by e-mail."""
        said = valid(shapes.UserIn, request.data)
        user, handed = services.let_in(
            username=said["username"],
            roles=[Wanted(**each) for each in said["roles"]],
            by_mail=said["by_mail"],
            details={name: said[name] for name in ("email", "given_name", "family_name", "language")},
            by=_user(request),
        )
        body = {
            "user": self.row(Q(pk=user.pk)),
            "link": handed.link if handed else None,
            "token": handed.token if handed else None,
            "expires_at": handed.expires_at if handed else None,
        }
        answered = created(request, body, at=f"{request.path.rstrip('/')}/{user.sourced_id}")
        answered.headers["Cache-Control"] = "no-store"
        return answered

    @extend_schema(summary="Change a login's details", request=UserChangeIn, responses=shapes.UserOut)
    def change(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Change e-mail, names or language of a login. A new e-mail address ends the links sent to the old one."""
        said = valid(UserChangeIn, request.data, partial=True)
        user = account_services.change_user(user=accounts.user_by_id(id), details=said, by=_user(request))
        return answer(self.row(Q(pk=user.pk)))


def _moment(value: str) -> dt.datetime:
    """A day in UTC, such as 2026-09-01."""
    return dt.datetime.combine(day(value), dt.time(), dt.UTC)


class AuditTrail(RowViewSet):
    """Who did what to which object, newest first."""

    asks = {
        "list": "audit.view over school",
    }
    out = shapes.AuditOut
    columns: ClassVar[Columns] = {
        name: name
        for name in (
            "id", "at", "actor_id", "actor_name", "action", "object_type", "object_id", "before", "after", "reason",
            "request_id",
        )
    }  # fmt: skip
    sorts: ClassVar[Mapping[str, tuple[str, ...]]] = {"newest": ("-id",)}
    filters: ClassVar[Mapping[str, Parameter]] = {
        "actor_id": Parameter(text, where="actor_id", about="What this user did."),
        "object_type": Parameter(text, where="object_type", about="As in students.student."),
        "object_id": Parameter(text, where="object_id", about="What was done to this object."),
        "action": Parameter(text, where="action", about="As in students.admitted."),
        "since": Parameter(_moment, where="at__gte", about="From this day on, in UTC."),
        "until": Parameter(_moment, where="at__lt", about="Before this day, in UTC."),
    }
    export_name = "audit"

    def rows(self) -> QuerySet[Any]:
        services.require_everywhere(_user(self.request), "audit.view")
        return AuditEntry.objects.all()

    def usual(self) -> Usual:
        services.require_everywhere(_user(self.request), "audit.view")
        return Usual((), AuditEntry.objects.all, {})
