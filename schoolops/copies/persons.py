"""Everything about one person: as an archive to read, and erased but for what a law keeps. In the current school.

Which rows are about somebody, and what becomes of them, is declared on the models (``schoolops.privacy``); nothing here
knows a student. Erasing is planned first: the plan has a code, and only that very plan is carried out.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Max, QuerySet
from django.db.models.functions import Cast, Coalesce

from schoolops import clock, files, privacy
from schoolops.audit import trail
from schoolops.audit.models import AuditEntry
from schoolops.cache.entry import forget_school
from schoolops.copies.errors import NotAsPlanned, PersonNotFound, PersonStays
from schoolops.privacy import Fate, Kept, Person

Subject = models.Model


def kinds() -> dict[str, type[models.Model]]:
    """Models of persons by what commands call them."""
    return {said.kind: model for model, said in privacy.persons().items()}


def find(kind: str, called: str) -> Subject:
    """The person of ``kind`` with that public id, or that number where one person alone has it.

    Raises ``PersonNotFound``, for one that was merged into another as well.
    """
    model = kinds()[kind]
    said = privacy.persons()[model]
    try:
        found = list(model._default_manager.filter(sourced_id=UUID(called)))
    except ValueError:
        found = list(model._default_manager.filter(**{said.number: called})[:2]) if said.number else []
    if len(found) != 1 or any(getattr(found[0], name) for name in _merged(model)):
        raise PersonNotFound(kind=kind, called=called)
    return found[0]


def _merged(model: type[models.Model]) -> list[str]:
    """Columns that lead from a record to the one that it became."""
    return [
        name
        for name, fate in privacy.held(model).items()
        if fate is Fate.SAME and model._meta.get_field(name).related_model is model
    ]


def _person(row: Subject) -> Person:
    return privacy.persons()[type(row)]


def subjects_of(person: Subject) -> list[Subject]:
    """The rows that are this person: the record, those that were merged into it, and a login that is nobody else's."""
    model = type(person)
    found = [person]
    for name in _merged(model):
        found += model._default_manager.filter(**{name: person}).order_by("pk")
    for each in list(found):
        for name, fate in privacy.held(model).items():
            login = getattr(each, name)
            if fate is Fate.SAME and name not in _merged(model) and login is not None and login not in found:
                found += [login] if not _others_use(login, found) else []
    return found


def _others_use(login: Subject, mine: list[Subject]) -> bool:
    """Whether ``login`` is the login of a person that is not among ``mine``."""
    for model in privacy.persons():
        for name, fate in privacy.held(model).items():
            if fate is Fate.SAME and model._meta.get_field(name).related_model is type(login):
                keys = [each.pk for each in mine if type(each) is model]
                if model._default_manager.filter(**{name: login}).exclude(pk__in=keys).exists():
                    return True
    return False


@dataclass(frozen=True, slots=True)
class RowsAbout:
    """Rows that lead to a person: of which model, by which column (or who found them), and what becomes of them."""

    model: type[models.Model]
    by: str
    fate: Kept | Fate
    rows: QuerySet[Any]
    shown: frozenset[str]


def rows_about(subjects: Iterable[Subject]) -> Iterator[RowsAbout]:
    for subject in subjects:
        for model in _models():
            for name, fate in privacy.held(model).items():
                if fate is not Fate.SAME and model._meta.get_field(name).related_model is type(subject):
                    rows = model._default_manager.filter(**{name: subject})
                    yield RowsAbout(model, name, fate, rows, privacy.readable(model))
        for each in privacy.found_elsewhere():
            if (found := each.finder(subject)) is not None:
                yield RowsAbout(each.model, "", each.fate, found, each.shown)


def _models() -> list[type[models.Model]]:
    return sorted((each for each in apps.get_models() if privacy.held(each)), key=lambda each: each._meta.label)


_TRAIL = Kept(law="trail", since=("at",))


@privacy.held_elsewhere(AuditEntry, _TRAIL, shown={"at", "action", "actor_name", "before", "after", "reason"})
def _lines_about(person: models.Model) -> QuerySet[Any] | None:
    return AuditEntry.objects.filter(object_type=person._meta.label_lower, object_id=trail.object_id(person))


# What somebody did was done to others, whose data stand in the line.
@privacy.held_elsewhere(AuditEntry, _TRAIL, shown={"at", "action", "object_type"})
def _lines_by(person: models.Model) -> QuerySet[Any] | None:
    actor = getattr(person, "audit_id", "")
    return AuditEntry.objects.filter(actor_id=actor) if actor else None


# --- the plan ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Line:
    """What becomes of the rows of one model: how many, what, by which law until when, and which columns are blanked."""

    model: str
    by: str
    rows: int
    fate: str
    law: str = ""
    until: str = ""
    blanked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What erasing would do now. ``identity_until``: the day on which the name may go as well; empty: it goes now.

    ``stays``: why nothing can be done yet.
    """

    lines: tuple[Line, ...]
    identity_until: str
    stays: tuple[str, ...]

    @property
    def code(self) -> str:
        """By which this plan, and no other, is carried out."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]


def plan(person: Subject) -> Plan:
    """What erasing ``person`` would do, told row by row."""
    subjects, today = subjects_of(person), clock.now().date()
    lines, until = [], []
    for subject in subjects:
        said = _person(subject)
        if said.law is not None:
            own = _until(type(subject)._default_manager.filter(pk=subject.pk), said.law)
            until += [own] if own else []
        blanked = tuple(name for name, value in said.blanks.items() if getattr(subject, name) not in (value, "", None))
        lines.append(Line(type(subject)._meta.label, "itself", 1, "blanked", blanked=blanked))
    for each in rows_about(subjects):
        count = each.rows.count()
        if not count:
            continue
        line = Line(each.model._meta.label, each.by, count, "kept" if isinstance(each.fate, Kept) else each.fate.value)
        if isinstance(each.fate, Kept):
            ends = _until(each.rows, each.fate)
            # The trail says what was done; it keeps no name of its own alive.
            until += [ends] if ends and each.model is not AuditEntry else []
            line = Line(line.model, line.by, count, "kept", each.fate.law, str(ends or ""), tuple(each.fate.blanks))
        lines.append(line)
    last = max(until, default=today)
    stays = tuple(sorted({why for subject in subjects for why in privacy.why_it_stays(subject)}))
    return Plan(tuple(lines), str(last) if last > today else "", stays)


def _until(rows: QuerySet[Any], kept: Kept) -> dt.date | None:
    """The day on which the law lets go of the latest of ``rows``; ``None`` where none of them has a date."""
    dates = [Cast(path, models.DateField()) for path in kept.since]
    newest = rows.aggregate(newest=Max(Coalesce(*dates) if len(dates) > 1 else dates[0]))["newest"]
    if newest is None:
        return None
    years = settings.RETENTION_YEARS[kept.law]
    try:
        return newest.replace(year=newest.year + years)  # type: ignore[no-any-return]
    except ValueError:
        # The 29th of February.
        return dt.date(newest.year + years, 3, 1)


def erase(person: Subject, *, planned: str, reason: str) -> Plan:
    """Carry out the plan whose code is ``planned``, in one transaction; a line of the trail says what was kept.

    Raises:
        NotAsPlanned: the plan is another by now. PersonStays: it is too early.
    """
    with transaction.atomic():
        type(person)._default_manager.select_for_update().get(pk=person.pk)
        now = plan(person)
        if now.stays:
            raise PersonStays(why="; ".join(now.stays))
        if now.code != planned:
            raise NotAsPlanned(planned=planned)
        subjects = subjects_of(person)
        for each in list(rows_about(subjects)):
            if each.fate is Fate.GOES:
                each.rows.delete()
            elif isinstance(each.fate, Kept) and each.fate.blanks:
                _forget_files(each.rows, each.fate.blanks)
                each.rows.update(**each.fate.blanks)
        for subject in subjects:
            _blank(subject, with_identity=not now.identity_until)
        trail.record(
            trail.SYSTEM,
            "privacy.erased",
            person,
            after={"kept_until": now.identity_until, "rows": {line.model: line.rows for line in now.lines}},
            reason=reason,
        )
        transaction.on_commit(forget_school)
    return now


def _forget_files(rows: QuerySet[Any], blanks: Mapping[str, object]) -> None:
    """Let the files go that ``rows`` name in what is blanked."""
    for name in blanks:
        if isinstance(rows.model._meta.get_field(name), models.FileField):
            for row in rows.exclude(**{name: ""}).only(name):
                files.forget(getattr(row, name))


def _blank(subject: Subject, *, with_identity: bool) -> None:
    said = _person(subject)
    values = dict(said.blanks) | (dict(said.identity) if with_identity else {})
    for name, value in values.items():
        field = subject._meta.get_field(name)
        if isinstance(field, models.FileField):
            files.forget(getattr(subject, name))
        values[name] = value(subject) if callable(value) else value
    changes: dict[str, Any] = dict(values)
    known = {each.name for each in subject._meta.concrete_fields}
    told = {"version": F("version") + 1, "date_last_modified": clock.now()}
    changes |= {name: value for name, value in told.items() if name in known}
    for name, fate in privacy.held(type(subject)).items():
        # A login that somebody else has too stays theirs.
        if fate is Fate.SAME and name not in _merged(type(subject)) and (login := getattr(subject, name)) is not None:
            changes[name] = None if _others_use(login, [subject]) else login
    type(subject)._default_manager.filter(pk=subject.pk).update(**changes)
