"""Addresses."""

from django.urls import path

from apps.notifications.api.views import announcements, own, sent, wording
from schoolops.api.viewsets import routes

INBOX, ANNOUNCEMENT = own.InboxViewSet, announcements.AnnouncementViewSet
OUTGOING, TEMPLATE = sent.OutgoingViewSet, wording.TemplateViewSet
WORDED = "message-templates/<str:fact>/<str:channel>/<str:language>"

urlpatterns = [
    *routes("inbox", INBOX),
    path("inbox/<uuid:id>/read", INBOX.as_view({"post": "read"})),
    path("inbox/<uuid:id>/acknowledge", INBOX.as_view({"post": "acknowledge"})),
    path("inbox/<uuid:id>/attachment", own.InboxAttachmentViewSet.as_view({"get": "retrieve"})),
    path("message-preferences", own.PreferencesViewSet.as_view({"get": "retrieve", "put": "change"})),
    *routes("messages", sent.MessageViewSet),
    path("messages/<uuid:id>/resolve", sent.MessageViewSet.as_view({"post": "resolve"})),
    *routes("bounced-addresses", sent.BouncedViewSet),
    path("outgoing", OUTGOING.as_view({"get": "retrieve", "patch": "change"})),
    path("outgoing/hold", OUTGOING.as_view({"post": "hold"})),
    path("outgoing/release", OUTGOING.as_view({"post": "release"})),
    path("outgoing/discard", OUTGOING.as_view({"post": "discard"})),
    path("message-facts", wording.FactsViewSet.as_view({"get": "list"})),
    path("message-rules", wording.RuleViewSet.as_view({"get": "list", "put": "replace"})),
    path(WORDED, TEMPLATE.as_view({"get": "retrieve", "put": "replace", "delete": "remove"})),
    path(f"{WORDED}/preview", TEMPLATE.as_view({"post": "preview"})),
    path("announcements/preview", ANNOUNCEMENT.as_view({"post": "preview"})),
    *routes("announcements", ANNOUNCEMENT),
    path("announcements/<uuid:id>/withdraw", ANNOUNCEMENT.as_view({"post": "withdraw"})),
    path("announcements/<uuid:id>/remind", ANNOUNCEMENT.as_view({"post": "remind"})),
    path(
        "announcements/<uuid:id>/attachment",
        announcements.AnnouncementAttachmentViewSet.as_view({"get": "retrieve", "put": "replace", "delete": "remove"}),
    ),
    path("announcements/<uuid:id>/readers", announcements.ReadersViewSet.as_view({"get": "list"})),
]
