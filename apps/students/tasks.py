"""What guardians leave to the queues: letters to many."""

from __future__ import annotations

from uuid import UUID

from apps.access import services as access
from apps.students.services import GUARDIANS
from schoolops.queues import IMPORTS, long_task


@long_task(queue=IMPORTS, once_per=("role", "by_id"), tries=5, acts_for="accounts.manage over school")
def invite_guardians(*, role: str, by_id: UUID) -> dict[str, int]:
    """Logins and letters for those who have none, one by one; the next try goes on where this one was killed."""
    return access.invite_many(GUARDIANS, role=role, by_id=by_id)


@long_task(queue=IMPORTS, once_per=("roles", "by_id"), tries=5, acts_for="accounts.manage over school")
def invite_chosen_guardians(*, roles: dict[int, str], by_id: UUID) -> dict[str, int]:
    """The same for these people (by key), each in the role with this code."""
    return access.invite_many(GUARDIANS, roles=roles, by_id=by_id)
