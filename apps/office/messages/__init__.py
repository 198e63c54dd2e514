"""The room of messages: what is sent and what became of it, announcements, templates, and rules."""
