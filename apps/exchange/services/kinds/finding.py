"""People for the keys of a chunk: of ours, or yet to be made from this file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from apps.exchange import errors
from apps.exchange.models import Counterpart, ImportRow
from apps.exchange.services.comparing import (
    Action,
    Known,
    Outcome,
    Work,
    known,
)
from apps.exchange.services.kinds.people import day_of, merged
from apps.exchange.services.reading import staged
from apps.staff.models import StaffMember
from apps.students.models import Guardian, Student
from schoolops.folding import Fold, fold
from schoolops.rows import among


class Found:
    """People for the keys of a chunk: of ours, or yet to be made from this file."""

    def __init__(self, work: Work, kind: str, there: Known, coming: Mapping[str, Any], merged: set[str]) -> None:
        self._work, self._kind, self._there, self._coming = work, kind, there, coming
        # Keys of records that were merged: the person is the kept record then.
        self.merged = merged

    def get(self, key: str) -> Any:
        return self._there.by_key.get(key) or self._coming.get(key)

    def need(self, outcome: Outcome, key: str, column: str) -> Any:
        """The person, or ``None`` with the refusal said."""
        person = self.get(key)
        if person is None:
            refused = (self._kind, key) in self._work.frame.refused
            refusal = errors.RefersToRefused if refused else errors.RefersToNothing
            said = key.rpartition("|")[2] if key.startswith("~") else key
            if not refused and (other := self._another(key)):
                outcome.refuse(errors.IsAnother(what=self._kind, kind=other, value=said), column)
            else:
                outcome.refuse(refusal(what=self._kind, value=said), column)
        return person

    def _another(self, key: str) -> str:
        """As what else the file or the school has somebody of that key."""
        others = [kind for kind in _MODELS if kind != self._kind]
        here = ImportRow.objects.filter(run=self._work.run, kind__in=others, key=key).values_list("kind", flat=True)
        there = Counterpart.objects.filter(kind__in=others, external_id=key).values_list("kind", flat=True)
        return here.first() or there.first() or ""


_MODELS: Mapping[str, Any] = {staged.STUDENT: Student, staged.GUARDIAN: Guardian, staged.STAFF: StaffMember}


def find_people(work: Work, kind: str, keys: Sequence[str]) -> Found:
    """People by outside id or by the row of this file that is about them: three queries for a chunk.

    For a record that was merged, the one that is kept.
    """
    wanted = {key for key in keys if key}
    model = _MODELS[kind]
    related = () if kind == staged.GUARDIAN else ("institution",)
    rows = model.objects.select_related(*related)
    there = known(kind, wanted, rows)
    missing = wanted - there.by_key.keys()
    coming: dict[str, Any] = {}
    if missing:
        targets: dict[str, int] = {}
        for key, target, action, values in ImportRow.objects.filter(
            among("key", missing), run=work.run, kind=kind
        ).values_list("key", "target_id", "action", "values"):
            if target is not None:
                targets[key] = target
            elif action == Action.CREATE:
                coming[key] = _imagined(work, kind, model, values)
        by_pk = rows.in_bulk(targets.values()) if targets else {}
        there.by_key |= {key: by_pk[pk] for key, pk in targets.items() if pk in by_pk}
        _by_natural(work, kind, rows, missing - there.by_key.keys() - coming.keys(), there)
    into = {key: person.merged_into_id for key, person in there.by_key.items() if merged(person)}
    kept = rows.in_bulk(into.values()) if into else {}
    there.by_key |= {key: kept[pk] for key, pk in into.items()}
    return Found(work, kind, there, coming, set(into))


def _by_natural(work: Work, kind: str, rows: Any, keys: Iterable[str], there: Known) -> None:
    """Students that a template of guardians names by their number."""
    named = {key: key[1:].partition("|") for key in keys if key.startswith("~")}
    if kind != staged.STUDENT or not named:
        return
    numbers = {number for _, _, number in named.values()}
    found = rows.alias(_number=Fold("admission_number")).filter(_number__in=numbers)
    by_number: dict[tuple[int | None, str], Any] = {}
    for each in found:
        number = fold(each.admission_number)
        by_number[each.institution_id, number] = each
        # A number that only one campus has says which.
        by_number[None, number] = None if (None, number) in by_number else each
    for key, (campus, _, number) in named.items():
        institution = work.frame.institution(campus)
        at = institution.pk if institution is not None else None if not campus else 0
        if (student := by_number.get((at, number))) is not None:
            there.by_key[key] = student


def _imagined(work: Work, kind: str, model: Any, values: Mapping[str, Any]) -> Any:
    names = ("given_name", "middle_name", "family_name", "preferred_name")
    held = {field.name for field in model._meta.concrete_fields}
    person = model(**{name: values.get(name, "") for name in names if name in held})
    if kind == staged.GUARDIAN:
        person.email = values.get("email", "")
    else:
        person.institution = work.frame.institution(values.get("institution", ""))
    if kind == staged.STAFF:
        person.starts_on, person.ends_on = day_of(values.get("starts_on")), day_of(values.get("ends_on"))
    # What places need to know of somebody who is not there yet.
    person.coming = values
    return person
