"""The operators have no pages of the office: what they see are model admins."""

from __future__ import annotations

from apps.office.shell.rooms import Room

ROOM = Room()
