"""The permissions of the family's pages, beside those that decide what stands on them."""

from __future__ import annotations

from apps.access.permissions import HEAD, OFFICE, Permission, declare

declare(
    Permission("family.open", "Decide what families see of each grade level", (HEAD,)),
    Permission("family.see_as", "See the family’s pages as a guardian does", OFFICE),
)
