"""``manage.py resilience_check http://oak.localhost:8000``: seven ways in which an installation must not break."""

from __future__ import annotations

import argparse
import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from schoolops.resilience import check


class Command(BaseCommand):
    """Exit code 1 when anything came that was not expected."""

    help = "Try on a running installation what must not break it, and print what was sent, expected and answered."
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "base_url",
            nargs="?",
            default=settings.BASE_URL or f"http://127.0.0.1:{settings.PORT}",
            help="the address of a school; BASE_URL, else this machine's own server",
        )
        parser.add_argument("--host", default="", help="the school's host, where base_url is a machine's address")
        parser.add_argument("--insecure", action="store_true", help="accept a certificate nobody vouches for")

    def handle(self, *args: Any, **options: Any) -> None:
        target = check.Target(
            base_url=options["base_url"].rstrip("/"),
            token=settings.PLATFORM_TOKEN,
            host=options["host"],
            insecure=options["insecure"],
        )
        passed = failed = 0
        for number, finding in enumerate(check.run(target), start=1):
            self.stdout.write(f"{'WRONG' if finding.wrong else 'ok':<6} {number} {finding.name}")
            self.stdout.write(f"         sent      {finding.sent}")
            self.stdout.write(f"         expected  {finding.expected}")
            self.stdout.write(f"         came      {finding.came}")
            for each in finding.wrong:
                self.stdout.write(f"         wrong     {each}")
            passed, failed = passed + (not finding.wrong), failed + bool(finding.wrong)
        self.stdout.write("RESULT " + json.dumps({"passed": passed, "failed": failed}))
        if failed:
            raise CommandError(f"{failed} of {passed + failed} scenarios at {target.base_url} went wrong.")
