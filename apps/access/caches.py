"""What is remembered of permissions. Whether one is held is never read from here without its number: see ``Access``."""

from __future__ import annotations

import datetime as dt
import zlib
from uuid import UUID

import msgspec

from apps.access.permissions import CODES
from apps.institutions.caches import METADATA
from schoolops.cache import HOUR, MINUTE, CacheEntry

# A release with other codes must not believe what an older one has stored.
_TABLE = zlib.crc32(" ".join(sorted(CODES)).encode())


class Held(msgspec.Struct, frozen=True):
    """One role a user holds: its scope, its permissions, and the one institution it is limited to, if any.

    From ``starts_on`` to before ``ends_on``, by the school's day.
    """

    role: str
    scope: str
    institution_id: int | None
    permissions: frozenset[str]
    name: str = ""
    institution: UUID | None = None
    starts_on: dt.date | None = None
    ends_on: dt.date | None = None

    def on(self, day: dt.date) -> bool:
        """Whether it is held on ``day``."""
        return (self.starts_on is None or self.starts_on <= day) and (self.ends_on is None or day < self.ends_on)


class Access(msgspec.Struct, frozen=True):
    """Every role somebody holds, held or will hold; the timezone by which it begins and ends, and all campuses' ones.

    Kept under the number in the user's row (``access_version``), which rises in the transaction that changes any of it.
    """

    timezone: str
    timezones: tuple[str, ...]
    roles: tuple[Held, ...]


class Assigned(msgspec.Struct, frozen=True):
    """A role given to somebody, past and future ones too, as lists show it."""

    assignment_id: UUID
    code: str
    name: str
    scope: str
    institution_id: UUID | None
    starts_on: dt.date | None
    ends_on: dt.date | None


class Configured(msgspec.Struct, frozen=True):
    """A role and the codes it holds, in order."""

    id: UUID
    permissions: tuple[str, ...]


PERMISSION_CONFIG = CacheEntry(
    "permission-config",
    tuple[Configured, ...],
    ttl_s=1 * HOUR,
    version=_TABLE,
    strict=True,
    purpose="the roles of the school and what each may do",
)
USER_ROLES = CacheEntry(
    "user-roles",
    tuple[Assigned, ...],
    ttl_s=15 * MINUTE,
    strict=True,
    under=(PERMISSION_CONFIG, METADATA),
    purpose="the roles given to a user, as the list of logins shows them",
)
RBAC_PERMISSIONS = CacheEntry(
    "rbac-permissions",
    Access,
    ttl_s=5 * MINUTE,
    version=_TABLE,
    strict=True,
    forgotten_by=(1,),
    under=(PERMISSION_CONFIG, METADATA),
    purpose="what a user may do, under the number in the user's row",
)
