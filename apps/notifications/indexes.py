from schoolops.indexes import IndexSpec

INDEXES = (
    IndexSpec(
        "message_due",
        "notifications_message",
        ("channel", "due_at"),
        condition="state IN ('queued', 'deferred', 'sending', 'outcome_unknown')",
        purpose="what is to be handed over next, what waits, and what is in doubt",
    ),
    IndexSpec("message_by_guardian", "notifications_message", ("guardian_id", "id"), purpose="a guardian's inbox"),
    IndexSpec(
        "message_by_user",
        "notifications_message",
        ("user_id", "id"),
        condition="user_id IS NOT NULL",
        purpose="a login's inbox",
    ),
    IndexSpec(
        "message_by_student",
        "notifications_message",
        ("student_id", "fact", "key"),
        condition="student_id IS NOT NULL",
        purpose="what was told of a student",
    ),
    IndexSpec(
        "message_by_announcement",
        "notifications_message",
        ("announcement_id", "id"),
        condition="announcement_id IS NOT NULL",
        purpose="who was told of an announcement, and who has read it",
    ),
    IndexSpec(
        "message_handed",
        "notifications_message",
        ("handed_at", "channel"),
        condition="handed_at IS NOT NULL",
        purpose="how many were sent today",
    ),
    IndexSpec(
        "message_bounced",
        "notifications_message",
        ("address",),
        condition="bounced_at IS NOT NULL",
        purpose="addresses that nothing is sent to any more",
    ),
)
