"""Addresses."""

from django.urls import path

from apps.attendance.api import views
from schoolops.api.viewsets import routes

ROLL = views.RollViewSet.as_view({"get": "retrieve", "put": "replace"})
REOPEN = views.RollViewSet.as_view({"post": "reopen"})
TAKEN, BOARD, LEAVE = views.TakenRollViewSet, views.BoardViewSet, views.LeaveViewSet

urlpatterns = [
    path("sections/<uuid:section>/roll/<str:day>", ROLL),
    path("sections/<uuid:section>/roll/<str:day>/reopen", REOPEN),
    path("sections/<uuid:section>/roll/<str:day>/<uuid:period>", ROLL),
    path("sections/<uuid:section>/roll/<str:day>/<uuid:period>/reopen", REOPEN),
    path("classes/<uuid:course_class>/roll/<str:day>/<uuid:period>", ROLL),
    path("classes/<uuid:course_class>/roll/<str:day>/<uuid:period>/reopen", REOPEN),
    path("rolls/not-taken", BOARD.as_view({"get": "not_taken"})),
    path("rolls/<uuid:id>/lock", TAKEN.as_view({"post": "lock"})),
    path("rolls/<uuid:id>/reopen", TAKEN.as_view({"post": "reopen"})),
    path("rolls/<uuid:id>/history", views.RollHistoryViewSet.as_view({"get": "list"})),
    path("my/classes", BOARD.as_view({"get": "mine"})),
    path("absentees", views.AbsenteesViewSet.as_view({"get": "list"})),
    path("days/<str:day>", BOARD.as_view({"get": "figures"})),
    path("students/<uuid:id>/attendance", views.StudentHistoryViewSet.as_view({"get": "list"})),
    path("students/<uuid:id>/attendance-summary", BOARD.as_view({"get": "months"})),
    path("desk", views.DeskViewSet.as_view({"get": "list", "post": "create"})),
    path("desk/<uuid:id>", views.DeskViewSet.as_view({"delete": "remove"})),
    *routes("leaves", LEAVE),
    path("leaves/<uuid:id>/approve", LEAVE.as_view({"post": "approve"})),
    path("leaves/<uuid:id>/refuse", LEAVE.as_view({"post": "refuse"})),
    path("leaves/<uuid:id>/cancel", LEAVE.as_view({"post": "cancel"})),
    *routes("attendance-codes", views.CodeViewSet),
    path("attendance-policy", views.PolicyViewSet.as_view({"get": "list"})),
    path("attendance-policy/<uuid:institution>", views.PolicyViewSet.as_view({"patch": "change"})),
]
