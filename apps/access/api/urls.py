"""Addresses."""

from django.urls import URLPattern, path

from apps.access.api.views import AuditTrail, Me, Permissions, RoleAssignments, Roles, Users
from schoolops.api.viewsets import routes

urlpatterns: list[URLPattern] = [
    path("me", Me.as_view({"get": "show"})),
    path("me/permissions", Me.as_view({"get": "permissions"})),
    path("permissions", Permissions.as_view({"get": "list"})),
    *routes("roles", Roles),
    path("roles/<uuid:id>/permissions", Roles.as_view({"put": "set_permissions"})),
    *routes("role-assignments", RoleAssignments),
    *routes("users", Users),
    path("audit", AuditTrail.as_view({"get": "list"})),
]
