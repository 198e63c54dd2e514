"""Ports on the loopback. Whether one is free is decided by binding it; if another is faster, we try again."""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from pathlib import Path

from . import processes
from .errors import PortTaken

HOST = "127.0.0.1"
# Files locked until this process ends, however it ends, by port.
_claims: dict[int, int] = {}


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


def claimed(wanted: int, *, insist: bool, seconds: float = 3) -> int:
    """A port that nobody listens on and no other launcher of ours is about to use; ``wanted`` if that is one.

    Between looking at a port and a server's listening there lies the time that it takes to start: without a claim two
    that are started together are both told that it is free, and may share it. Raises ``PortTaken`` where ``insist``.
    """
    if _claim(wanted):
        if processes.wait_until(lambda: is_free(wanted), seconds if insist else 0):
            return wanted
        os.close(_claims.pop(wanted))
    if insist:
        raise PortTaken(f"Port {wanted} is taken by another program. Set PORT to another one.")
    while not _claim(port := free_port()):
        pass
    return port


def _claim(port: int) -> bool:
    if port in _claims:
        return True
    path = Path(tempfile.gettempdir()) / f"schoolops-{os.getuid()}-port-{port}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    _claims[port] = descriptor
    return True
