"""Addresses."""

from django.urls import path

from apps.reports.api import views

urlpatterns = [
    path("printed-lists", views.PrintedListViewSet.as_view({"post": "create"})),
    path("printed-lists/<job:job_id>", views.PrintedListViewSet.as_view({"get": "retrieve"})),
    path("exam-sessions/<uuid:id>/report-cards", views.SessionCardViewSet.as_view({"get": "list", "post": "create"})),
    path("exam-sessions/<uuid:id>/report-cards/publication", views.SessionCardViewSet.as_view({"put": "publish"})),
    path("report-cards/<uuid:id>", views.CardViewSet.as_view({"get": "retrieve"})),
    path("report-cards/<uuid:id>/amend", views.CardViewSet.as_view({"post": "amend"})),
    path("students/<uuid:id>/report-cards", views.ReportCardViewSet.as_view({"get": "list"})),
    path("students/<uuid:id>/report-cards/<uuid:card>", views.ReportCardViewSet.as_view({"get": "retrieve"})),
    path("students/<uuid:id>/transcript", views.TranscriptViewSet.as_view({"get": "retrieve"})),
    path("students/<uuid:id>/printed-transcript", views.TranscriptViewSet.as_view({"get": "print"})),
]
