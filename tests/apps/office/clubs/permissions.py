"""What may be done with clubs."""

from __future__ import annotations

from apps.access.permissions import HEAD, Permission, declare

declare(Permission("clubs.view", "See clubs and print who is in them", (HEAD,)))
