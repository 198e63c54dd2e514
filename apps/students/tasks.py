"""What guardians leave to the queues: letters to many."""

from __future__ import annotations

from uuid import UUID

from apps.students import services
from schoolops.queues import IMPORTS, task


@task(
    queue=IMPORTS,
    tracked=True,
    leased=True,
    once_per=("role", "by_id"),
    while_waiting=True,
    refused="discard",
    tries=5,
    acts_for="accounts.manage over school",
)
def invite_guardians(*, role: str, by_id: UUID) -> dict[str, int]:
    """Logins and letters for those who have none, one by one; the next try goes on where this one was killed."""
    return services.invite_guardians(role=role, by_id=by_id)


@task(
    queue=IMPORTS,
    tracked=True,
    leased=True,
    once_per=("roles", "by_id"),
    while_waiting=True,
    refused="discard",
    tries=5,
    acts_for="accounts.manage over school",
)
def invite_chosen_guardians(*, roles: dict[int, str], by_id: UUID) -> dict[str, int]:
    """The same for these people (by key), each in the role with this code."""
    return services.invite_guardians(role="", roles=roles, by_id=by_id)
