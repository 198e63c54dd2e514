"""A proxy of our own between the stack and a server: it can be late, cut every connection, and be away."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress


class Proxy:
    """Forwards 127.0.0.1:``port`` to ``target``; answers come ``delay_s`` late, and none while it is ``away``."""

    def __init__(self, target: int) -> None:
        self.target, self.delay_s, self._away = target, 0.0, False
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def away(self) -> bool:
        return self._away

    @away.setter
    def away(self, away: bool) -> None:
        self._away = away
        if away:
            self.cut()

    def cut(self) -> None:
        """End every connection."""
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listening.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                ours, _ = self._listening.accept()
            except OSError:
                return
            if self._away:
                ours.close()
                continue
            try:
                theirs = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                ours.close()
                continue
            for each in (ours, theirs):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open.add(each)
            threading.Thread(target=self._copy, args=(ours, theirs, False), daemon=True).start()
            threading.Thread(target=self._copy, args=(theirs, ours, True), daemon=True).start()

    def _copy(self, source: socket.socket, sink: socket.socket, late: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if late and self.delay_s:
                    time.sleep(self.delay_s)
                sink.sendall(data)
        for each in (source, sink):
            self._open.discard(each)
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
