"""Every route that writes and is not sent by the history of what was acknowledged, with the reason: which kind that is
sent goes through the same door, so that the one would be lost as the other.
"""

from __future__ import annotations

from tests.failures.writes import KINDS

NOT_SENT = {
    # --- what changes what is there ---
    "it moves what is there into a state in one transaction, as `POST exam-sessions/{}/state`,"
    " `POST leaves/{}/approve`, `POST rolls/{}/lock`, `POST invoices/{}/void` and `POST users/{}/deactivate` do": (
        "POST announcements/{}/withdraw", "POST auth/logout", "POST auth/logout-everywhere",
        "POST bank-lines/{}/set-aside", "POST bank-lines/{}/take-up-again", "POST books/{}/close",
        "POST classes/{}/roll/{}/{}/reopen", "POST classes/{}/students", "POST classes/{}/students/{}/leave",
        "POST concessions/{}/approve", "POST concessions/{}/end", "POST contact-requests/{}/accept",
        "POST contact-requests/{}/refuse", "POST exams/{}/marks/reopen",
        "POST exams/{}/moderations/{}/apply", "POST exams/{}/moderations/{}/revert",
        "POST exams/{}/moderations/{}/withdraw", "POST gradebooks/{}/reopen", "POST grading-scales/{}/retire",
        "POST guardians/{}/merge", "POST inbox/{}/acknowledge", "POST inbox/{}/read", "POST leaves/{}/cancel",
        "POST leaves/{}/refuse", "POST messages/{}/resolve", "POST outgoing/discard", "POST outgoing/hold",
        "POST outgoing/release", "POST rolls/{}/reopen", "POST sections/{}/roll/{}/reopen",
        "POST sections/{}/roll/{}/{}/reopen", "POST students/{}/merge", "POST students/{}/move-section",
        "POST students/{}/re-enrol", "POST students/{}/withdraw", "POST users/{}/activate",
        "POST users/{}/logout-everywhere", "POST years/{}/activate", "POST years/{}/close",
    ),
    "it moves what is there into a state and wants a job in the same transaction, as `POST imports` does": (
        "POST bank-statements/{}/confirm", "POST imports/{}/confirm", "POST imports/{}/go-on", "POST imports/{}/undo",
        "POST invoice-runs/{}/confirm", "POST jobs/{}/run-now", "POST mark-files/{}/confirm",
    ),
    "it changes columns of one row in one transaction, as `PATCH guardians/{}`, `PATCH accounts/{}`,"
    " `PATCH students/{}` and `PATCH users/{}` do": (
        "PATCH assignments/{}", "PATCH attendance-codes/{}", "PATCH attendance-policy/{}", "PATCH classes/{}",
        "PATCH courses/{}", "PATCH exam-sessions/{}", "PATCH exams/{}", "PATCH fee-items/{}", "PATCH grade-levels/{}",
        "PATCH institutions/{}", "PATCH late-fee-rules/{}", "PATCH meetings/{}", "PATCH outgoing", "PATCH periods/{}",
        "PATCH result-policy", "PATCH roles/{}", "PATCH sections/{}", "PATCH staff/{}",
        "PATCH students/{}/guardians/{}", "PATCH terms/{}", "PATCH years/{}", "PUT account-policy", "PUT card-gateway",
        "PUT exam-sessions/{}/publication", "PUT gradebooks/{}/publication", "PUT message-preferences",
        "PUT message-rules", "PUT message-templates/{}/{}/{}",
    ),
    "it puts rows in the place of others in one transaction, as `PUT exams/{}/marks`, `PUT gradebooks/{}/marks`,"
    " `PUT sections/{}/roll/{}` and `PUT sections/{}/roll/{}/{}` do": (
        "PUT calendar-days", "PUT classes/{}/roll/{}/{}", "PUT exam-sessions/{}/report-cards/publication",
        "PUT exam-sessions/{}/sections/{}/remarks", "PUT exams/{}/components", "PUT exams/{}/remarks",
        "PUT gradebooks/{}", "PUT roles/{}/permissions", "PUT students/{}/payers",
    ),
    "it reads a file anew with other names of columns, by a job, as `POST imports` and `POST bank-statements` do": (
        "PUT bank-statements/{}/mapping", "PUT imports/{}/mapping",
    ),
    "it is a file and the row that names it, as `PUT students/{}/photo`": (
        "PUT announcements/{}/attachment", "PUT institutions/{}/logo", "PUT leaves/{}/attachment",
        "DELETE announcements/{}/attachment", "DELETE institutions/{}/logo", "DELETE students/{}/photo",
    ),
    "it takes rows away, or says that they are, in one transaction, as `DELETE remark-phrases/{}` and"
    " `DELETE role-assignments/{}` do": (
        "DELETE assignments/{}", "DELETE bounced-addresses/{}", "DELETE calendar-days", "DELETE classes/{}",
        "DELETE courses/{}", "DELETE desk/{}", "DELETE exam-sessions/{}", "DELETE exams/{}", "DELETE grade-levels/{}",
        "DELETE jobs/{}", "DELETE me/totp", "DELETE meetings/{}", "DELETE message-templates/{}/{}/{}",
        "DELETE periods/{}", "DELETE roles/{}", "DELETE sections/{}", "DELETE student-fees/{}",
        "DELETE students/{}/calendar-feed", "DELETE students/{}/guardians/{}", "DELETE substitutions/{}",
        "DELETE terms/{}", "DELETE users/{}/totp", "DELETE years/{}",
    ),
    # --- what adds to it ---
    "it adds rows in one transaction, as `POST exams`, `POST staff` and `POST leaves` do, and the database lets them"
    " stand once for what they are about": (
        "POST assignments", "POST concessions/siblings", "POST desk", "POST drawers/{}/counts", "POST enrolments/bulk",
        "POST gradebooks", "POST late-fee-rules", "POST meetings", "POST periods", "POST role-assignments",
        "POST student-fees", "POST students/{}/guardians", "POST substitutions", "POST terms", "POST years",
        "POST invoice-runs", "POST exams/{}/moderations", "POST contact-requests",
    ),
    "money: it is posted as by `POST payments`, `POST payments/{}/refund`, `POST payments/{}/reverse` and"
    " `POST ledger-postings`, and what it may come to is bounded by a balance, which `make fees` counts to the cent": (
        "POST bank-lines/{}/settle", "POST bank-lines/{}/take", "POST invoices/{}/credit-notes", "POST payment-intents",
        "POST payments/{}/bounce", "POST payments/{}/charge-back", "POST payments/{}/clear",
        "POST students/{}/allocations", "POST card-gateway/events",
    ),
    # --- what can be had again ---
    "it makes something anew from what is there, and the newest counts: who misses it makes it once more": (
        "POST exam-sessions/{}/mark-file", "POST exam-sessions/{}/report-cards", "POST exam-sessions/{}/results",
        "POST grading-scales/{}/versions", "POST report-cards/{}/amend", "POST students/{}/calendar-feed",
        "POST auth/login", "POST auth/redeem", "POST auth/refresh", "POST me/password", "POST me/totp",
        "POST me/totp/confirm", "POST users/{}/invite",
    ),
    "it writes nothing, or asks for a letter that may come twice": (
        "POST announcements/preview", "POST announcements/{}/remind", "POST auth/forgotten",
        "POST message-templates/{}/{}/{}/preview", "POST printed-lists",
    ),
}  # fmt: skip


def routes_that_write() -> list[str]:
    """Those that are sent, and those that are not."""
    return [kind.name for kind in KINDS] + [each for reason in NOT_SENT.values() for each in reason]


def unsaid(names: set[str], known: set[str]) -> tuple[set[str], set[str]]:
    """Of routes that write: those that are neither sent nor say why not; and what is said of no route."""
    return names - known, known - names
