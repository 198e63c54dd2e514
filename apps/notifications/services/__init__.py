"""Writes: what is told, handing it over, how it is worded, who wants it, and announcements."""

from apps.notifications.services.announcing import (
    Preview,
    announce,
    attach_to_announcement,
    detach_from_announcement,
    preview,
    publish,
    remind,
    withdraw,
)
from apps.notifications.services.attaching import Paper, attachment_in, attachment_of, forget_attachments
from apps.notifications.services.configuring import (
    Template,
    clear_address,
    clear_bounced,
    fact_called,
    hold,
    preview_template,
    release,
    reset_template,
    resolve,
    set_outgoing,
    set_rule,
    set_template,
    template_of,
    waits,
    wording_of,
)
from apps.notifications.services.delivering import deliver, look_after, sent_today
from apps.notifications.services.facts import Amount, Fact, Reader, Told, declare, facts
from apps.notifications.services.merging import move_messages
from apps.notifications.services.own import acknowledge, read_message, set_preference
from apps.notifications.services.reporting import expect_gateway, report, report_letter
from apps.notifications.services.telling import About, outgoing, tell
from apps.notifications.services.wording import Wording

__all__ = [
    "About",
    "Amount",
    "Fact",
    "Paper",
    "Preview",
    "Reader",
    "Template",
    "Told",
    "Wording",
    "acknowledge",
    "announce",
    "attach_to_announcement",
    "attachment_in",
    "attachment_of",
    "clear_address",
    "clear_bounced",
    "declare",
    "deliver",
    "detach_from_announcement",
    "expect_gateway",
    "fact_called",
    "facts",
    "forget_attachments",
    "hold",
    "look_after",
    "move_messages",
    "outgoing",
    "preview",
    "preview_template",
    "publish",
    "read_message",
    "release",
    "remind",
    "report",
    "report_letter",
    "reset_template",
    "resolve",
    "sent_today",
    "set_outgoing",
    "set_preference",
    "set_rule",
    "set_template",
    "tell",
    "template_of",
    "waits",
    "withdraw",
    "wording_of",
]
