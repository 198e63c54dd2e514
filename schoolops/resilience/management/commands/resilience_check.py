"""``manage.py resilience_check http://oak.localhost:8000``: seven ways in which an installation must not break."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from schoolops.resilience import check


class Command(BaseCommand):
    """Exit code 1 when anything came that was not expected. Safe on a production: it writes nothing."""

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
        parser.add_argument("--json", action="store_true", help="one document: every scenario, and what was found")
        parser.add_argument("--insecure", action="store_true", help="accept a certificate nobody vouches for")

    def handle(self, *args: Any, **options: Any) -> None:
        target = check.Target(
            base_url=options["base_url"].rstrip("/"),
            token=settings.PLATFORM_TOKEN,
            host=options["host"],
            insecure=options["insecure"],
        )
        found: list[check.Finding] = []
        if not options["json"]:
            self.stdout.write(f"{'':<6}{'scenario':<12}what came of it")
        for finding in check.run(target):
            found.append(finding)
            if not options["json"]:
                self._line(finding)
        failed = sum(bool(each.wrong) for each in found)
        result = {"passed": len(found) - failed, "failed": failed}
        if options["json"]:
            scenarios = [asdict(each) | {"ok": not each.wrong} for each in found]
            self.stdout.write(json.dumps({"at": target.base_url, **result, "scenarios": scenarios}, indent=1))
        else:
            self.stdout.write("RESULT " + json.dumps(result))
        if failed:
            raise CommandError(f"{failed} of {len(found)} scenarios at {target.base_url} went wrong.")

    def _line(self, finding: check.Finding) -> None:
        """A row of the table; where it went wrong, what was sent and expected as well."""
        self.stdout.write(f"{'WRONG' if finding.wrong else 'ok':<6}{finding.name:<12}{finding.came}")
        if finding.wrong:
            self.stdout.write(f"{'':<18}sent: {finding.sent}\n{'':<18}expected: {finding.expected}")
        for each in finding.wrong:
            self.stdout.write(f"{'':<18}wrong: {each}")
