"""``python -m config.serve``: the web server, granian with an explicit number of threads.

granian's own default is hundreds of threads per process; each would keep a database connection.
"""

from __future__ import annotations

import os
import sys

from config.env import Environment


def command(env: Environment) -> list[str]:
    """The command line that serves the site with ``env``'s ports, workers and threads."""
    return [
        sys.executable,
        "-m",
        "granian",
        "--interface=wsgi",
        f"--host={env.text('BIND')}",
        f"--port={env.number('PORT')}",
        f"--workers={env.number('WEB_WORKERS')}",
        f"--blocking-threads={env.number('WEB_THREADS')}",
        "--backpressure=64",
        "--no-ws",
        "--respawn-failed-workers",
        "--workers-kill-timeout=20",
        "--log-level=warning",
        "config.wsgi:application",
    ]


if __name__ == "__main__":
    arguments = command(Environment())
    os.execv(arguments[0], arguments)  # noqa: S606
