"""What follows for the books when something happens at a campus."""

from __future__ import annotations

from apps.fees import services
from apps.institutions.events import InstitutionChanged
from schoolops.events import subscribe


@subscribe(InstitutionChanged)
def let_a_new_campus_have_books(_event: InstitutionChanged) -> None:
    services.seed_accounts()
