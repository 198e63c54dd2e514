# ruff: noqa: INP001 - a file that gunicorn reads, in no package
"""The fallback for the web server: ``gunicorn -c deploy/gunicorn.conf.py config.wsgi:application``.

Half again the processor time of ``python -m config.serve`` per request, and no pause between being asked to stop and
stopping. For where granian's wheels do not run.
"""

from __future__ import annotations

from config.env import Environment

_env = Environment()

bind = f"{_env.text('BIND')}:{_env.number('PORT')}"
worker_class = "gthread"
workers = _env.number("WEB_WORKERS")
threads = _env.number("WEB_THREADS")
timeout = 30
graceful_timeout = 20
keepalive = 75
# Recycled now and then, not all at once.
max_requests = 20_000
max_requests_jitter = 2_000
loglevel = "warning"
