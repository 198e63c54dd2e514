"""The permissions of report cards. Staff read those of whom they see marks; families those that are published."""

from __future__ import annotations

from apps.access.permissions import HEAD, OFFICE, Permission, declare

declare(
    Permission("cards.prepare", "Draft, proof-read and amend report cards", OFFICE),
    Permission("cards.publish", "Publish report cards and choose what stands on them", (HEAD,)),
)
