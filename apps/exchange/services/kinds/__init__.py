"""One module per family of rows: how each is compared with what is there, and which service writes it."""

from __future__ import annotations

from collections.abc import Mapping

from apps.exchange.services.comparing import Kind
from apps.exchange.services.kinds import people, places, structure

OF: Mapping[str, Kind] = {each.name: each for each in (*structure.KINDS, *people.KINDS, *places.KINDS)}
