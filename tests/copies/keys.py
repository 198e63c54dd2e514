"""A key of age as an operator has it: a public half to say, a secret half in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyrage import x25519


class Key:
    """``file`` is as ``age-keygen -o`` writes it."""

    def __init__(self, file: Path) -> None:
        identity = x25519.Identity.generate()
        self.public, self.secret, self.file = str(identity.to_public()), str(identity), file
        file.write_text(f"# created: 2026-09-01\n# public key: {self.public}\n{self.secret}\n", encoding="ascii")
        file.chmod(0o600)

    def opened(self) -> list[Any]:
        """As a command reads it."""
        from schoolops.copies import sealed  # noqa: PLC0415 - Django is set up by now

        return sealed.identities_in(self.file)
