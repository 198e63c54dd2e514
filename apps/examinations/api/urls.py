"""Addresses."""

from django.urls import path

from apps.examinations.api.views import (
    components,
    exams,
    gradebooks,
    marks,
    moderation,
    remarks,
    results,
    scales,
    sessions,
)
from schoolops.api.viewsets import routes

SCALE, SESSION = scales.GradingScaleViewSet, sessions.ExamSessionViewSet
BOOK = gradebooks.GradebookViewSet.as_view
MODERATION = moderation.ModerationViewSet.as_view

urlpatterns = [
    *routes("grading-scales", SCALE),
    path("grading-scales/<uuid:id>/versions", SCALE.as_view({"post": "add_version"})),
    path("grading-scales/<uuid:id>/retire", SCALE.as_view({"post": "retire"})),
    path("grading-scales/<uuid:id>/grade", SCALE.as_view({"get": "grade"})),
    *routes("exam-sessions", SESSION),
    path("exam-sessions/<uuid:id>/state", SESSION.as_view({"post": "move"})),
    path("exam-sessions/<uuid:id>/publication", SESSION.as_view({"put": "publish"})),
    path("exam-sessions/<uuid:id>/results", results.SessionResultViewSet.as_view({"get": "list", "post": "compute"})),
    path("result-policy", results.ResultPolicyViewSet.as_view({"get": "retrieve", "patch": "change"})),
    path("exams/to-mark", marks.ToMarkViewSet.as_view({"get": "list"})),
    *routes("exams", exams.ExamViewSet),
    path(
        "exams/<uuid:id>/components",
        components.ExamComponentsViewSet.as_view({"get": "retrieve", "put": "replace"}),
    ),
    path("exams/<uuid:id>/marks", marks.ExamMarksViewSet.as_view({"get": "retrieve", "put": "replace"})),
    path("exams/<uuid:id>/marks/reopen", marks.ExamMarksViewSet.as_view({"post": "reopen"})),
    path("exams/<uuid:id>/marks/history", marks.MarkHistoryViewSet.as_view({"get": "list"})),
    path("exams/<uuid:id>/moderations", MODERATION({"get": "list", "post": "create"})),
    path("exams/<uuid:id>/moderations/<uuid:moderation>/apply", MODERATION({"post": "apply"})),
    path("exams/<uuid:id>/moderations/<uuid:moderation>/revert", MODERATION({"post": "revert"})),
    path("exams/<uuid:id>/moderations/<uuid:moderation>/withdraw", MODERATION({"post": "withdraw"})),
    path("exams/<uuid:id>/remarks", remarks.PaperRemarksViewSet.as_view({"get": "list", "put": "write"})),
    path(
        "exam-sessions/<uuid:id>/sections/<uuid:section>/remarks",
        remarks.ClassRemarksViewSet.as_view({"get": "list", "put": "write"}),
    ),
    path("gradebooks", BOOK({"get": "list", "post": "create"})),
    path("gradebooks/<uuid:id>", BOOK({"get": "retrieve", "put": "replace"})),
    path("gradebooks/<uuid:id>/marks", BOOK({"put": "enter"})),
    path("gradebooks/<uuid:id>/reopen", BOOK({"post": "reopen"})),
    path("gradebooks/<uuid:id>/history", gradebooks.GradebookHistoryViewSet.as_view({"get": "list"})),
    path("gradebooks/<uuid:id>/publication", BOOK({"put": "publish"})),
    path("students/<uuid:id>/term-results", gradebooks.FollowedTermResultViewSet.as_view({"get": "list"})),
    *routes("remark-phrases", remarks.PhraseViewSet),
    path("students/<uuid:id>/marks", marks.FollowedMarkViewSet.as_view({"get": "list"})),
    path("students/<uuid:id>/results", results.FollowedResultViewSet.as_view({"get": "list"})),
    path("students/<uuid:id>/exams", exams.FollowedExamViewSet.as_view({"get": "list"})),
]
