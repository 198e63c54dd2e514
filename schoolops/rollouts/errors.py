"""Why a rollout does not go on, as facts."""

from __future__ import annotations

from schoolops.errors import Conflict, Invalid, NotFound


class RolloutWaits(Conflict):
    """The schools {schools} have it, and the rollout waits for a person to look at them."""

    code = "rollouts:waits"
    remedy = "When they are well: `manage.py migrate_schools --continue`."


class NothingWaits(Conflict):
    """No rollout waits for anybody."""

    code = "rollouts:nothing-waits"
    remedy = "Run `manage.py migrate_schools` without --continue."


class UnknownCanary(Invalid):
    """There is no school called {school}."""

    code = "rollouts:unknown-canary"
    remedy = "`manage.py list_schools` shows their names."


class NoSuchRollout(NotFound):
    """There is no rollout of indexes with the number {number}."""

    code = "rollouts:no-such-rollout"
    remedy = "`manage.py indexes status` shows the last one's."
