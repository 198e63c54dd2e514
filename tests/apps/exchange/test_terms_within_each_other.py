"""Terms lie within each other, whichever of them a file brings first."""

from __future__ import annotations

import pytest

from apps.accounts.models import User
from apps.exchange.errors import ChangedSince
from apps.institutions import services as institutions
from apps.institutions.errors import InUse, TermsOverlap
from apps.institutions.models import Term
from tests.apps.exchange.bundles import SESSIONS, YEAR, sound, zipped
from tests.apps.exchange.sending import Read, kept_promise, undone

HALVES = (
    "t1,,,Autumn,term,2026-08-15,2026-12-20,y1,2027",
    "t2,,,Spring,term,2027-01-07,2027-07-20,y1,2027",
)
FULL = "t3,,,Full,term,2026-08-15,2027-07-20,y1,2027"
WINTER = "t4,,,Winter,term,2026-08-15,2027-02-01,y1,2027"


def bundle(*terms: str) -> bytes:
    return zipped(sound(academicSessions="\n".join([SESSIONS, YEAR, *terms, ""])))


def parts() -> dict[str, str | None]:
    return {term.name: getattr(term.parent, "name", None) for term in Term.objects.select_related("parent")}


BEFORE = {"Autumn": None, "Spring": None}
AFTER = {"Autumn": "Full", "Spring": "Full", "Full": None}


@pytest.mark.parametrize("with_halves", [False, True])
def test_a_full_year_may_come_after_its_halves(registrar: User, read: Read, *, with_halves: bool) -> None:
    kept_promise(read, bundle(*HALVES))
    run = kept_promise(read, bundle(FULL, *(HALVES if with_halves else ())))
    assert (run.total("error"), parts()) == (0, AFTER)
    undone(run)
    assert parts() == BEFORE
    kept_promise(read, bundle(FULL, *HALVES))
    assert parts() == AFTER


def test_what_lies_half_within_is_refused(registrar: User, read: Read) -> None:
    kept_promise(read, bundle(*HALVES))
    assert kept_promise(read, bundle(WINTER)).counts["term"] == {"error": 1}
    assert parts() == BEFORE


def test_the_form_does_the_same_and_removes_no_term_with_its_parts(registrar: User, read: Read) -> None:
    kept_promise(read, bundle(*HALVES))
    year = Term.objects.all()[0].year
    days = {"starts_on": year.starts_on, "ends_on": year.ends_on}
    full = institutions.add_term(year=year, fields={"name": "Full", **days}, by=registrar)
    assert parts() == AFTER
    with pytest.raises(TermsOverlap):
        institutions.add_term(year=year, fields={"name": "Whole", **days}, by=registrar)
    with pytest.raises(InUse):
        institutions.remove_term(term=full, by=registrar)
    assert parts() == AFTER


def test_what_the_file_put_into_a_term_of_its_own_keeps_it_there(registrar: User, read: Read) -> None:
    """A grading period that was there lies in a semester that came: refused before anything is taken back."""
    quarter = "g1,,,Quarter,gradingPeriod,2026-08-15,2026-10-20,{},2027"
    kept_promise(read, bundle(quarter.format("y1")))
    run = kept_promise(read, bundle("t9,,,Autumn,semester,2026-08-15,2026-12-20,y1,2027", quarter.format("t9")))
    within = parts()
    with pytest.raises(ChangedSince):
        undone(run)
    assert parts() == within == {"Quarter": "Autumn", "Autumn": None}
