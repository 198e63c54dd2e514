"""What passes through a thin line comes in pieces, and whole."""

from __future__ import annotations

import socket
import threading

from tests.support.proxy import Proxy


def test_what_passes_in_pieces_comes_whole() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def echo() -> None:
            caller, _ = server.accept()
            with caller:
                while said := caller.recv(4096):
                    caller.sendall(said)

        threading.Thread(target=echo, daemon=True).start()
        with Proxy(server.getsockname()) as proxy:
            proxy.slice_bytes, proxy.bytes_per_s = 7, 200_000
            sent = bytes(range(256)) * 4
            with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as line:
                line.sendall(sent)
                pieces = []
                while sum(map(len, pieces)) < len(sent):
                    pieces.append(line.recv(4096))
    assert b"".join(pieces) == sent
    assert len(pieces) > 1
