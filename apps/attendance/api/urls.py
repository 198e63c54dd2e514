"""Addresses."""

from django.urls import path

from apps.attendance.api import views

ROLL = views.RollViewSet.as_view({"get": "retrieve", "put": "replace"})

urlpatterns = [
    path("sections/<uuid:section>/roll/<str:day>", ROLL),
    path("sections/<uuid:section>/roll/<str:day>/<uuid:period>", ROLL),
    path("classes/<uuid:course_class>/roll/<str:day>/<uuid:period>", ROLL),
]
