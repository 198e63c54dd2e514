"""Who I am and what I may do; roles, who holds them, and the trail."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access import selectors
from apps.access.api import serializers as shapes
from apps.accounts.models import TokenFamily, User
from schoolops.api.viewsets import ApiViewSet, answer
from schoolops.context import current_school


def _user(request: Request) -> User:
    user: User = request.user  # type: ignore[assignment]
    return user


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
