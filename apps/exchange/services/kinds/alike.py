"""Who may be somebody who is here already: a person says, and what they said is kept with whom it was said of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from apps.exchange import errors
from apps.exchange.models import ImportRow
from apps.exchange.services.comparing import Known, Outcome, Work, remember
from schoolops.folding import fold

# Before the key of a row, in what imports remember of one of ours: whether the two are one person.
SAME = "same@"


def settle(work: Work, kind: str, alike: Sequence[tuple[Outcome, Any]], number: str = "") -> list[tuple[Outcome, Any]]:
    """Of pairs of a row that nobody is known by and somebody who is like it, those of whom a person said that they are
    one. Who was never asked about is refused; of whom the file has a row of their own is another. Two queries.

    Args:
        number: the field of the number by which the file may speak of them.
    """
    there = Known({}, set(), {}, {})
    remember(kind, there, [person for _, person in alike])
    others = _of_this_file(work, kind, there, alike, number) if alike else set()
    found = []
    for outcome, person in alike:
        said = there.remembered(person).get(f"{SAME}{outcome.row.key}")
        if said == "true":
            found.append((outcome, person))
        elif said is None and person.pk not in others:
            known_by = getattr(person, number) if number else person.email or person.phone
            outcome.refuse(
                errors.MayBeTheSame(other=str(person), known_by=known_by, other_id=str(person.sourced_id)), "sourcedId"
            )
    return found


def _of_this_file(work: Work, kind: str, there: Known, alike: Sequence[tuple[Outcome, Any]], number: str) -> set[int]:
    people = {person.pk: person for _, person in alike}
    called = {there.external.get(pk) or str(person.sourced_id): pk for pk, person in people.items()}
    rows = ImportRow.objects.filter(run=work.run, kind=kind)
    found = {called[key] for key in rows.filter(key__in=called).values_list("key", flat=True)}
    if number:
        numbers = {fold(getattr(person, number)): pk for pk, person in people.items()}
        said = rows.filter(**{f"values__{number}__in": [getattr(person, number) for person in people.values()]})
        found |= {numbers[fold(each)] for each in said.values_list(f"values__{number}", flat=True)}
    return found


def full_name(values: Mapping[str, Any] | Any) -> str:
    """Given and family name as they are compared."""
    names = ("given_name", "family_name")
    said = [values.get(name, "") if isinstance(values, Mapping) else getattr(values, name) for name in names]
    return fold(" ".join(filter(None, said)))
