"""Messages, in the sidebar and by address."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from apps.office.messages.pages import announcements, sent, wording
from apps.office.messages.waiting import waiting
from apps.office.shell.rooms import Entry, Heading, Room

MESSAGES = Heading(_("Messages"), 60)
SETS_UP = ("messages.configure",)

ROOM = Room(
    entries={
        MESSAGES: (
            Entry(
                _("Announcements"), "office:announcements", "campaign", ("messages.announce",),
                below=("/office/announcements/",),
            ),
            Entry(_("What is sent"), "office:messages", "outgoing_mail", ("messages.view",)),
            Entry(_("Templates"), "office:message-templates", "edit_note", SETS_UP, below=("/office/messages/say/",)),
            Entry(_("Rules"), "office:message-rules", "rule", SETS_UP),
        ),
    },
    pages=(
        path("announcements/", announcements.announcements, name="announcements"),
        path("announcements/write/", announcements.write, name="write-announcement"),
        path("announcements/<uuid:announcement>/", announcements.announcement, name="announcement"),
        path(
            "announcements/<uuid:announcement>/attachment",
            announcements.attachment,
            name="announcement-attachment",
        ),
        path("messages/", sent.sent, name="messages"),
        path("messages/templates/", wording.templates, name="message-templates"),
        path(
            "messages/say/<str:fact>/<slug:channel>/<slug:language>/", wording.template, name="message-template"
        ),
        path("messages/rules/", wording.rules, name="message-rules"),
    ),
    waiting=waiting,
)  # fmt: skip
