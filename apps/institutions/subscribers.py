"""What follows for campuses when something happens."""

from __future__ import annotations

from apps.institutions import selectors
from apps.institutions.caches import BRANDING, METADATA
from apps.institutions.events import InstitutionChanged
from schoolops.events import subscribe


@subscribe(InstitutionChanged)
def read_the_timezone_anew(_event: InstitutionChanged) -> None:
    selectors.forget_timezone()


@subscribe(InstitutionChanged)
def forget_what_is_known_of_campuses(_event: InstitutionChanged) -> None:
    METADATA.forget()
    BRANDING.forget()
