"""A TCP proxy that breaks what passes through it: refuses, swallows, is late or thin, cuts, garbles."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine
from typing import Any, Self


class Proxy:
    """``with Proxy(("127.0.0.1", 6379)) as proxy: proxy.port; proxy.black_hole = True; proxy.reset()``.

    Answers come ``latency_s`` late; what is asked passes at once. Both pass in pieces of ``slice_bytes`` and, all
    connections together, at ``bytes_per_s``; 0: as they come.
    """

    def __init__(self, upstream: tuple[str, int]) -> None:
        self.upstream = upstream
        self.port = 0
        self.black_hole = False
        self.garbled = False
        self.latency_s = 0.0
        self.slice_bytes = self.bytes_per_s = 0
        # When the line has passed on what it has.
        self._free_at = 0.0
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *anything: object) -> None:
        self.close()

    def open(self) -> None:
        """Listen, at a port of its own."""
        self._thread.start()
        self.accept()

    def close(self) -> None:
        """End every connection, and with them the proxy."""
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(5)

    def accept(self) -> None:
        """Listen, at the same port as before."""

        async def listen() -> None:
            self._server = await asyncio.start_server(self._client, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

        self._run(listen())

    def refuse(self) -> None:
        """Refuse new connections and cut the open ones, until ``accept``."""

        async def stop() -> None:
            self._server.close()

        self._run(stop())
        self.reset()

    async def _close(self) -> None:
        self._server.close()
        self.black_hole = False
        for writer in list(self._writers):
            writer.transport.abort()
        for waiting in asyncio.all_tasks() - {asyncio.current_task()}:
            waiting.cancel()
        await asyncio.sleep(0)

    def reset(self) -> None:
        """Cut every open connection."""

        async def cut() -> None:
            for writer in list(self._writers):
                writer.transport.abort()

        self._run(cut())

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            up_reader, up_writer = await asyncio.open_connection(*self.upstream)
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(up_writer)
        await asyncio.gather(
            self._pump(reader, up_writer, downwards=False), self._pump(up_reader, writer, downwards=True)
        )
        self._writers -= {writer, up_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, downwards: bool) -> None:
        try:
            while data := await reader.read(65536):
                while self.black_hole:  # noqa: ASYNC110 - set by another thread
                    await asyncio.sleep(0.01)
                if self.latency_s and downwards:
                    await asyncio.sleep(self.latency_s)
                if self.garbled and downwards:
                    data = bytes(byte ^ 0x55 for byte in data)
                while data:
                    piece = data[: self.slice_bytes or len(data)]
                    data = data[len(piece) :]
                    await self._has_room(len(piece))
                    writer.write(piece)
                    await writer.drain()
        except (OSError, asyncio.CancelledError):
            return
        finally:
            writer.transport.abort()

    async def _has_room(self, size: int) -> None:
        """Wait until the line has passed on what came before."""
        if not self.bytes_per_s:
            return
        now = time.monotonic()
        self._free_at = max(now, self._free_at) + size / self.bytes_per_s
        await asyncio.sleep(self._free_at - now)
