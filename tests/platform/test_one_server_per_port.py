"""granian shares a port with whoever listens there already; two stacks would answer each other's requests."""

from __future__ import annotations

import socket
import subprocess
import sys

from config.server import is_taken


def listener() -> socket.socket:
    """Somebody who would share, as granian does."""
    other = socket.socket()
    other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    other.bind(("127.0.0.1", 0))
    other.listen()
    return other


def test_a_port_is_taken_even_when_it_would_be_shared() -> None:
    with listener() as other:
        port = other.getsockname()[1]
        assert is_taken("127.0.0.1", port)
    assert not is_taken("127.0.0.1", port)


def test_a_second_server_does_not_start_and_says_what_to_set() -> None:
    with listener() as other:
        options = {"host": "127.0.0.1", "port": other.getsockname()[1], "workers": 1, "threads": 1, "max-rss": 512}
        rest = {"drain-seconds": 0, "drain-file": "/nowhere"}
        command = [
            sys.executable,
            "-m",
            "config.server",
            *(f"--{name}={value}" for name, value in (options | rest).items()),
        ]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert "is taken. Set PORT" in ended.stderr
