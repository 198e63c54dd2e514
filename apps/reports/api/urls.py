"""Addresses."""

from django.urls import path

from apps.reports.api import views

urlpatterns = [
    path("printed-lists", views.PrintedListViewSet.as_view({"post": "create"})),
    path("printed-lists/<job:job_id>", views.PrintedListViewSet.as_view({"get": "retrieve"})),
]
