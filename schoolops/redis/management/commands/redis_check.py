"""``manage.py redis_check``: what production would say of REDIS_URL before it boots."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from schoolops.redis import boot, sentinel


class Command(BaseCommand):
    help = "Ask the Redis of REDIS_URL everything that production asks before it boots. Exit code 78 when it would not."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        findings = boot.check(settings.REDIS_URL, say=self.stderr.write)
        for finding in findings:
            self.stdout.write(f"{'red   ' if finding.fatal else 'yellow'}  {finding.sentence}")
        if sentinel.is_sentinel(settings.REDIS_URL) and not any(finding.fatal for finding in findings):
            for who, answer in boot.survey(settings.REDIS_URL):
                self.stdout.write(f"Sentinel {who} names: {answer}")
        if any(finding.fatal for finding in findings):
            sys.exit(boot.EXIT_CONFIG)
        self.stdout.write("Redis is ready.")
