"""``manage.py list_schools``"""

from __future__ import annotations

from typing import Any

from schoolops.tenancy.management.commands._school import OperatorCommand
from schoolops.tenancy.models import School, SchoolState


class Command(OperatorCommand):
    help = "Every school with its state and addresses."

    def handle(self, *args: Any, **options: Any) -> None:
        schools = School.objects.order_by("slug").prefetch_related("domains")
        self.stdout.write(f"{'school':<24}{'state':<12}{'addresses':<44}name")
        for school in schools:
            addresses = ", ".join(sorted(domain.domain for domain in school.domains.all())) or "-"
            state = f"in {school.database}" if school.state == SchoolState.MOVED else school.state
            self.stdout.write(f"{school.slug:<24}{state:<12}{addresses:<44}{school.name}")
        self.stdout.write(f"{len(schools)} schools")
