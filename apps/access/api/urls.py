"""Addresses."""

from django.urls import URLPattern, path

from apps.access.api.views import Me

urlpatterns: list[URLPattern] = [
    path("me", Me.as_view({"get": "show"})),
    path("me/permissions", Me.as_view({"get": "permissions"})),
]
