"""A mail server that takes its time over each letter: ``python -m tests.support.slow_mail PORT FOLDER SECONDS``."""

from __future__ import annotations

import asyncio
import sys
import uuid
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller


class Box:
    """Puts a letter into ``folder`` when it has arrived, and says so ``seconds`` later."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self.folder, self.seconds = folder, seconds

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's
        half = self.folder / f"{uuid.uuid4()}.half"
        half.write_bytes(envelope.content)
        half.rename(half.with_suffix(".eml"))
        await asyncio.sleep(self.seconds)
        return "250 Taken"


def main(port: str, folder: str, seconds: str) -> None:
    server = Controller(Box(Path(folder), float(seconds)), hostname="127.0.0.1", port=int(port))
    server.start()
    server._thread.join()  # type: ignore[union-attr]


if __name__ == "__main__":
    main(*sys.argv[1:])
