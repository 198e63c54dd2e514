"""The permissions of messages. What is one's own, the inbox, takes none but ``messages.read``."""

from __future__ import annotations

from apps.access.permissions import EVERYBODY, HEAD, OFFICE, TEACHER, Permission, declare

declare(
    Permission("messages.read", "Read one's own messages and say how one wants them", EVERYBODY),
    Permission("messages.view", "See what the school sends and what became of it", OFFICE),
    Permission("messages.announce", "Write announcements", (*OFFICE, TEACHER)),
    Permission("messages.configure", "Hold everything outgoing, and change templates, rules and limits", (HEAD,)),
)
