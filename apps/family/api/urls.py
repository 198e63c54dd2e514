"""Addresses."""

from django.urls import path

from apps.family.api import views
from schoolops.api.viewsets import routes

REQUEST = views.ContactRequestViewSet
FEED = views.CalendarFeedViewSet.as_view({"get": "retrieve", "post": "begin", "delete": "end"})

urlpatterns = [
    *routes("contact-requests", REQUEST),
    path("contact-requests/<uuid:id>/accept", REQUEST.as_view({"post": "accept"})),
    path("contact-requests/<uuid:id>/refuse", REQUEST.as_view({"post": "refuse"})),
    path("students/<uuid:id>/calendar-feed", FEED),
    path("students/<uuid:id>/looks", views.LooksViewSet.as_view({"get": "retrieve"})),
]
