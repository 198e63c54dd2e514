"""``python -m config.server``: granian, told to stop in two steps. ``config.serve`` starts it; it loads no Django.

Asked to stop, readiness first says 503 for as long as a balancer needs to notice, while everybody is still served;
then nobody new is let in, and what is begun is finished.
"""

from __future__ import annotations

import argparse
import logging
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server


class DrainingServer(Server):  # type: ignore[misc, valid-type]
    """granian with a pause between being asked to stop and stopping."""

    drain_file: Path
    drain_s: float = 0.0

    def _init_shared_socket(self) -> None:
        """One queue of connections for all web processes, held here.

        On Linux each of granian's processes listens for itself, once it has loaded the site: what waits for one that is
        replaced is lost, and while the new ones load nobody listens (emmett-framework/granian#921). Held by the parent,
        as granian itself does it elsewhere, connections wait for whoever comes next.
        """
        super()._init_shared_socket()
        described: Any = self._ssp  # type: ignore[has-type]
        if described is None:
            return
        self._shd = described.build()
        self._sfd = self._shd.get_fd()
        self._ssp = None
        self._sso = socket.socket(fileno=self._sfd)
        self._sso.set_inheritable(True)

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        if self.drain_s <= 0 or self.drain_file.exists():
            # Asked twice means now.
            super().signal_handler_interrupt(*args, **kwargs)
            return
        self.drain_file.touch()
        stop = threading.Timer(self.drain_s, super().signal_handler_interrupt)
        stop.daemon = True
        stop.start()


def is_taken(host: str, port: int) -> bool:
    """Whether another server answers at ``port``.

    granian binds with SO_REUSEPORT: it would share the port with that server, and each request reach either of the two.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        # As a server restarted a moment ago binds: connections that are closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError:
            return True
    return False


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m config.server")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--workers", required=True, type=int)
    parser.add_argument("--threads", required=True, type=int)
    parser.add_argument("--max-rss", required=True, type=int, help="MiB at which a process is replaced")
    parser.add_argument("--drain-seconds", required=True, type=float)
    parser.add_argument("--drain-file", required=True, type=Path)
    given = parser.parse_args(arguments)
    if is_taken(given.host, given.port):
        sys.exit(f"SchoolOps does not start: port {given.port} of {given.host} is taken. Set PORT to another one.")
    server = DrainingServer(
        "config.wsgi:application",
        address=given.host,
        port=given.port,
        interface=Interfaces.WSGI,
        workers=given.workers,
        # The library's own default is 256 threads per process; each would keep a database connection.
        blocking_threads=given.threads,
        # Kept connections count: with fewer, whoever comes once so many are open is not served at all.
        backpressure=512,
        websockets=False,
        respawn_failed_workers=True,
        workers_lifetime=6 * 3600,
        workers_max_rss=given.max_rss,
        workers_kill_timeout=20,
        log_level=LogLevels.warning,
    )
    # It warns of connections lost by a process that listens for itself, which ours do not.
    logging.getLogger("_granian").addFilter(lambda record: "tcp_migrate_req" not in str(record.msg))
    server.drain_file, server.drain_s = given.drain_file, given.drain_seconds
    given.drain_file.unlink(missing_ok=True)
    server.serve()


if __name__ == "__main__":
    main()
