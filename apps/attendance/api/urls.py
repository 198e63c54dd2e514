"""Addresses."""

from django.urls import path

from apps.attendance.api.views import absentees, board, codes, desk, leaves, policy, rolls, students
from schoolops.api.viewsets import routes

ROLL = rolls.RollViewSet.as_view({"get": "retrieve", "put": "replace"})
REOPEN = rolls.RollViewSet.as_view({"post": "reopen"})
TAKEN, BOARD, LEAVE = rolls.TakenRollViewSet, board.BoardViewSet, leaves.LeaveViewSet

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
    path("rolls/<uuid:id>/history", rolls.RollHistoryViewSet.as_view({"get": "list"})),
    path("my/classes", BOARD.as_view({"get": "mine"})),
    path("absentees", absentees.AbsenteesViewSet.as_view({"get": "list"})),
    path("days/<str:day>", BOARD.as_view({"get": "figures"})),
    path("students/<uuid:id>/attendance", students.StudentHistoryViewSet.as_view({"get": "list"})),
    path("students/<uuid:id>/attendance-summary", BOARD.as_view({"get": "months"})),
    path("desk", desk.DeskViewSet.as_view({"get": "list", "post": "create"})),
    path("desk/<uuid:id>", desk.DeskViewSet.as_view({"delete": "remove"})),
    *routes("leaves", LEAVE),
    path("leaves/<uuid:id>/approve", LEAVE.as_view({"post": "approve"})),
    path("leaves/<uuid:id>/refuse", LEAVE.as_view({"post": "refuse"})),
    path("leaves/<uuid:id>/cancel", LEAVE.as_view({"post": "cancel"})),
    path("leaves/<uuid:id>/attachment", leaves.AttachmentViewSet.as_view({"get": "retrieve", "put": "replace"})),
    *routes("attendance-codes", codes.CodeViewSet),
    path("attendance-policy", policy.PolicyViewSet.as_view({"get": "list"})),
    path("attendance-policy/<uuid:institution>", policy.PolicyViewSet.as_view({"patch": "change"})),
]
