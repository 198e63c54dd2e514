"""A room of the office shows its own templates and the shell's, and brings whatever it shows in its own folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOMS = settings.OFFICE_FOLDERS
NAMED = re.compile(r"""["']office/([a-z_]+)/[a-z_/]+\.(?:html|js|css|svg)["']""")


@pytest.mark.parametrize("room", ROOMS, ids=[room.name for room in ROOMS])
def test_a_room_names_no_template_or_script_of_a_neighbour(room: Path) -> None:
    files = [path for path in room.rglob("*") if path.suffix in {".py", ".html"}]
    named = {found for path in files for found in NAMED.findall(path.read_text(encoding="utf-8"))}
    assert named <= {room.name, "shell"}


@pytest.mark.parametrize("room", ROOMS, ids=[room.name for room in ROOMS])
def test_what_a_room_shows_stands_under_its_own_name(room: Path) -> None:
    shown = [path for kind in ("templates", "static") for path in (room / kind).rglob("*") if path.is_file()]
    # The theme's own templates are overridden by their names.
    elsewhere = [path for path in shown if f"office/{room.name}/" not in path.as_posix() and "unfold" not in path.parts]
    assert elsewhere == []
