"""Ports on the loopback. Whether one is free is decided by binding it; if another is faster, we try again."""

from __future__ import annotations

import socket

from . import processes
from .errors import PortTaken

HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Both servers set it too: without it a connection lingering in TIME_WAIT would look like a server.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_port(wanted: int | None = None) -> int:
    """``wanted`` if nobody listens there, otherwise any free port."""
    if wanted is not None and is_free(wanted):
        return wanted
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def insist_on(port: int, seconds: float = 10) -> int:
    """The port itself, as soon as it is free. Raises ``PortTaken`` when it is not within ``seconds``."""
    if not processes.wait_until(lambda: is_free(port), seconds):
        raise PortTaken(f"Port {port} is taken by another program.")
    return port
