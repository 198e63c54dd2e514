"""``python -m config.serve``: the web server, granian with an explicit number of threads.

granian's own default is hundreds of threads per process; each would keep a database connection.

What must be right before anybody is served is asked here, once, and not by the web processes: those start again
whenever they are recycled, and must not fail in an outage of Redis that they could serve through.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config.env import Environment
from schoolops.observability import slots
from schoolops.redis import boot
from schoolops.tenancy import boot as database

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
    if (why := database.refusal()) is not None:
        return why
    for finding in boot.check(env.text("REDIS_URL")):
        if finding.fatal:
            return finding.sentence
        sys.stderr.write(f"Warning: {finding.sentence}\n")
    return uncollected(importlib.import_module(settings_module).STATIC_ROOT)


def uncollected(folder: Path) -> str | None:
    """Why pages would not find their styles and scripts in ``folder``; ``None`` when they do."""
    if (folder / "staticfiles.json").is_file():
        return None
    return f"No static files are collected in {folder}. Run `manage.py collectstatic --no-input` with this release."


def command(env: Environment, metrics_folder: Path) -> list[str]:
    """The command line that serves the site with ``env``'s ports, workers and threads."""
    return [
        sys.executable,
        "-m",
        "config.server",
        f"--host={env.text('BIND')}",
        f"--port={env.number('PORT')}",
        f"--workers={env.number('WEB_WORKERS')}",
        f"--threads={env.number('WEB_THREADS')}",
        f"--max-rss={env.number('WEB_MAX_RSS')}",
        f"--drain-seconds={env.number('DRAIN_SECONDS')}",
        # The server will have the id of this process, which it replaces.
        f"--drain-file={slots.drain_file(metrics_folder, os.getpid())}",
    ]


def main() -> None:
    """Replace this process by the server, or exit with 78 (EX_CONFIG) and one line."""
    env = Environment()
    if (why := refusal(env)) is not None:
        sys.stderr.write(f"SchoolOps does not start: {why}\n")
        sys.exit(boot.EXIT_CONFIG)
    metrics_folder = Path(importlib.import_module(env.text("DJANGO_SETTINGS_MODULE")).METRICS_FOLDER)
    metrics_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A new server counts anew, unless workers of this installation are counting already.
    slots.wipe(metrics_folder)
    arguments = command(env, metrics_folder)
    os.execv(arguments[0], arguments)  # noqa: S606


if __name__ == "__main__":
    main()
