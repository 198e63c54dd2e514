"""``python -m config.serve``: the web server, granian with an explicit number of threads.

granian's own default is hundreds of threads per process; each would keep a database connection.

What must be right before anybody is served is asked here, once, and not by the web processes: those start again
whenever they are recycled, and must not fail in an outage of Redis that they could serve through.
"""

from __future__ import annotations

import importlib
import os
import sys

from django.core.exceptions import ImproperlyConfigured

from config.env import Environment
from schoolops.redis import boot

PRODUCTION = "config.settings.production"


def refusal(env: Environment) -> str | None:
    """Why the site must not be served with ``env``, in one line that names what to do; ``None`` when it may."""
    settings_module = env.text("DJANGO_SETTINGS_MODULE")
    try:
        importlib.import_module(settings_module)
    except ImproperlyConfigured as weak:
        return str(weak)
    if settings_module != PRODUCTION:
        return None
    for finding in boot.check(env.text("REDIS_URL")):
        if finding.fatal:
            return finding.sentence
        sys.stderr.write(f"Warning: {finding.sentence}\n")
    return None


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


def main() -> None:
    """Replace this process by the server, or exit with 78 (EX_CONFIG) and one line."""
    env = Environment()
    if (why := refusal(env)) is not None:
        sys.stderr.write(f"SchoolOps does not start: {why}\n")
        sys.exit(boot.EXIT_CONFIG)
    arguments = command(env)
    os.execv(arguments[0], arguments)  # noqa: S606


if __name__ == "__main__":
    main()
