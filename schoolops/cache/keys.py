"""Names in Redis: ``tenant:{school}:…``, and no way to build one without a school."""

from __future__ import annotations

from schoolops.context import current_school


def prefix() -> str:
    """``tenant:7:`` for the current school. Raises ``NoCurrentSchool``."""
    return f"tenant:{current_school().pk}:"


def value_key(name: str, version: int, parts: tuple[object, ...]) -> str:
    """Where one value stands. ``parts`` are ids and dates: their text must not contain a colon."""
    return f"{prefix()}{name}:v{version}:{joined(parts)}"


def stamp_key(name: str, parts: tuple[object, ...]) -> str:
    """Where the generation of one value stands."""
    return f"{prefix()}gen:{name}:{joined(parts)}"


def school_stamp_key() -> str:
    """Where the generation of everything of the current school stands."""
    return f"{prefix()}gen"


def joined(parts: tuple[object, ...]) -> str:
    """The parts as the end of a key. Raises ``ValueError`` for a part with a colon in it."""
    text = ":".join(map(str, parts))
    if text.count(":") >= max(1, len(parts)):
        # Else ("1:2",) and ("1", "2") would share a value.
        raise ValueError(f"A cache key is made of ids and dates without colons, not of {parts!r}.")
    return text
