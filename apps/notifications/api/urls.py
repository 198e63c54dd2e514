"""Addresses."""

from django.urls import path

from apps.notifications.api import views
from schoolops.api.viewsets import routes

INBOX, ANNOUNCEMENT = views.InboxViewSet, views.AnnouncementViewSet

urlpatterns = [
    *routes("inbox", INBOX),
    path("inbox/<uuid:id>/read", INBOX.as_view({"post": "read"})),
    path("inbox/<uuid:id>/acknowledge", INBOX.as_view({"post": "acknowledge"})),
    path("message-preferences", views.PreferencesViewSet.as_view({"get": "retrieve", "put": "change"})),
    *routes("messages", views.MessageViewSet),
    path("announcements/preview", ANNOUNCEMENT.as_view({"post": "preview"})),
    *routes("announcements", ANNOUNCEMENT),
    path("announcements/<uuid:id>/withdraw", ANNOUNCEMENT.as_view({"post": "withdraw"})),
    path("announcements/<uuid:id>/remind", ANNOUNCEMENT.as_view({"post": "remind"})),
    path("announcements/<uuid:id>/readers", views.ReadersViewSet.as_view({"get": "list"})),
]
