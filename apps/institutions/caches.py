"""What is remembered of campuses."""

from __future__ import annotations

from uuid import UUID

import msgspec

from schoolops.cache import MINUTE, CacheEntry


class Campus(msgspec.Struct, frozen=True):
    """What most questions need to know of a campus."""

    pk: int
    id: UUID
    name: str
    timezone: str
    currency: str
    locale: str
    weekend: tuple[int, ...]


class Brand(msgspec.Struct, frozen=True):
    """How a campus looks to strangers, at the login page."""

    id: UUID
    name: str
    brand_colour: str
    locale: str
    has_logo: bool


METADATA = CacheEntry(
    "institution-metadata", tuple[Campus, ...], ttl_s=15 * MINUTE, purpose="the campuses of the school, oldest first"
)
BRANDING = CacheEntry(
    "tenant-branding",
    tuple[Brand, ...],
    ttl_s=10 * MINUTE,
    purpose="names, colours and languages of the campuses, for the login page",
)
