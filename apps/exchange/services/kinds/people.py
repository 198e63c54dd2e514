"""Students, guardians, staff, and who is whose guardian: compared in chunks, written by the bulk services.

A person is known by the outside id, then by the number, then by a login of the same name; two answers that differ are
an error that names both, so that nobody becomes two people.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import Q
from django.db.models.functions import Lower

from apps.exchange import errors
from apps.exchange.models import ImportRow
from apps.exchange.services.comparing import (
    Action,
    Known,
    Outcome,
    Work,
    as_kept,
    called,
    known,
    parted,
    remember,
    remember_written,
    require,
)
from apps.exchange.services.reading import staged
from apps.institutions.models import AcademicYear
from apps.staff import services as staff_services
from apps.staff.models import StaffMember
from apps.staff.services import bulk as staff_bulk
from apps.students.models import Enrolment, Guardian, Student, StudentGuardian
from apps.students.services import bulk as student_bulk
from apps.students.services.placing import Placement


def day_of(value: Any) -> dt.date | None:
    return dt.date.fromisoformat(value) if value else None


class People:
    """What the kinds of people have in common."""

    name: str
    model: Any
    permission: str
    # The field of the number, where they have one.
    number: str = ""
    # Field → how the text becomes a value.
    fields: ClassVar[Mapping[str, Any]] = {}
    related: tuple[str, ...] = ("user",)

    def compare(self, work: Work, rows: Sequence[ImportRow]) -> list[Outcome]:
        outcomes = [Outcome(row, errors=list(row.errors)) for row in rows]
        open_ones = [each for each in outcomes if not each.errors]
        queryset = work.rows(self.model).select_related(*self.related)
        there = known(self.name, [each.row.key for each in open_ones], queryset)
        numbered = self._by_number(open_ones, queryset)
        logins = self._by_login(open_ones, queryset)
        for each in open_ones:
            self._recognise(work, each, there, numbered, logins)
        remember(self.name, there, [each.target for each in open_ones if each.target is not None])
        for each in open_ones:
            if each.errors or each.skipped:
                continue
            work.claim(each)
            if merged(each.target):
                # It is kept for its history: what the file says of the child, it says of the kept record too, or not.
                continue
            if each.target is not None:
                called(each, there)
            self.look(work, each, there)
        self.look_together(
            work, [each for each in open_ones if not each.errors and not each.skipped and not merged(each.target)]
        )
        require(work, outcomes, self.permission, lambda each: each.extra.get("institution"))
        for each in outcomes:
            if each.errors or each.skipped:
                work.frame.refused.add((self.name, each.row.key))
        return outcomes

    # --- who it is ----------------------------------------------------------------------------------------------------
    def _by_number(self, outcomes: Iterable[Outcome], queryset: Any) -> dict[tuple[int, str], Any]:
        if not self.number:
            return {}
        numbers = {value.casefold() for each in outcomes if (value := each.row.values.get(self.number))}
        if not numbers:
            return {}
        found = queryset.alias(_number=Lower(self.number)).filter(_number__in=numbers)
        return {(each.institution_id, getattr(each, self.number).casefold()): each for each in found}

    def _by_login(self, outcomes: Iterable[Outcome], queryset: Any) -> dict[str, Any]:
        said = {
            value.casefold()
            for each in outcomes
            for name in ("username", "email")
            if (value := each.row.values.get(name))
        }
        if not said:
            return {}
        found = queryset.alias(_username=Lower("user__username"), _email=Lower("user__email")).filter(
            Q(_username__in=said) | Q(_email__in=said)
        )
        logins: dict[str, Any] = {}
        for each in found:
            for login in (each.user.username, each.user.email):
                if login:
                    logins[login.casefold()] = each
        return logins

    def _recognise(
        self,
        work: Work,
        outcome: Outcome,
        there: Known,
        numbered: Mapping[tuple[int, str], Any],
        logins: Mapping[str, Any],
    ) -> None:
        values, key = outcome.row.values, outcome.row.key
        partial = values.get("partial") == "true"
        institution = None
        if self.name != staged.GUARDIAN and not partial:
            institution = work.frame.institution(values.get("institution", ""))
            if institution is None:
                refused = (staged.INSTITUTION, values.get("institution", "")) in work.frame.refused
                refusal = errors.RefersToRefused if refused else errors.RefersToNothing
                said = values.get("institution") or "(empty)"
                outcome.refuse(refusal(what="campus", value=said), "primaryOrgSourcedId")
                return
            outcome.extra["institution"] = institution
        if key in there.removed:
            outcome.skipped = True
            return
        by_id = there.by_key.get(key)
        number = (values.get(self.number) or "").casefold() if self.number else ""
        by_number = numbered.get((institution.pk, number)) if institution is not None and number else None
        login = next((logins[said] for said in self._said(values) if said in logins), None)
        found = by_id or by_number or (login if login is not None and _same_name(login, values) else None)
        for other, how in ((by_number, "the number"), (login, "the login")):
            if other is not None and found is not None and _kept(other) != _kept(found):
                outcome.refuse(errors.PersonAmbiguous(one=str(found), other=str(other), how=f"{how} is the latter’s"))
                return
        if found is None and login is not None:
            said = next(each for each in self._said(values) if each in logins)
            outcome.refuse(errors.LoginOfAnother(value=said, other=str(login)), "username")
            return
        if found is None and (partial or values.get("deleted") == "true"):
            if partial:
                outcome.refuse(errors.RefersToNothing(what=self.name, value=key), "sourcedId")
            else:
                outcome.skipped = True
            return
        outcome.target = found

    @staticmethod
    def _said(values: Mapping[str, Any]) -> list[str]:
        return [said.casefold() for name in ("username", "email") if (said := values.get(name))]

    # --- what changes -------------------------------------------------------------------------------------------------
    def look(self, work: Work, outcome: Outcome, there: Known) -> None:
        values = outcome.row.values
        wanted = {name: read(values[name]) for name, read in self.fields.items() if name in values}
        outcome.differ(wanted, there.remembered(outcome.target))

    def look_together(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        """What needs one more query for the chunk."""

    def write(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        new, there = parted(outcomes)
        if new:
            for each, row in zip(new, self.create(work, new), strict=True):
                each.target = row
        if changed := [each for each in there if each.fields]:
            self.change(work, changed)
        self.write_more(work, there)
        remember_written(work, self.name, outcomes)

    def create(self, work: Work, outcomes: Sequence[Outcome]) -> Sequence[Any]:
        raise NotImplementedError

    def change(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        raise NotImplementedError

    def write_more(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        """What goes with rows that are there already."""


def merged(person: Any) -> bool:
    """Whether a person of ours is a record that was merged into another."""
    return getattr(person, "merged_into_id", None) is not None


def _kept(person: Any) -> int:
    return int(getattr(person, "merged_into_id", None) or person.pk)


def _same_name(person: Any, values: Mapping[str, Any]) -> bool:
    return [person.given_name.casefold(), person.family_name.casefold()] == [
        str(values.get(name) or "").casefold() for name in ("given_name", "family_name")
    ]


def year_meant(work: Work, values: Mapping[str, Any], institution: Any) -> AcademicYear | None:
    """The year a student of the file is enrolled in: as said, else the one that runs, else the first that is open."""
    frame = work.frame
    if values.get("year"):
        found: AcademicYear | None = frame.find(staged.YEAR, values["year"])
        return found
    open_ones = [
        each for each in frame.where(staged.YEAR, institution=institution) if each.state != AcademicYear.State.CLOSED
    ]
    running = [each for each in open_ones if each.state == AcademicYear.State.ACTIVE]
    return next(iter(running or open_ones), None)


class Students(People):
    """Students, and the year they are enrolled in."""

    name = staged.STUDENT
    model = Student
    permission = "students.manage"
    number = "admission_number"
    related = ("user", "institution")
    fields: ClassVar[Mapping[str, Any]] = {
        "admission_number": str, "given_name": str, "middle_name": str, "family_name": str, "preferred_name": str,
        "birth_date": day_of, "sex": lambda value: value or "unspecified", "email": str, "phone": str, "address": str,
    }  # fmt: skip

    def look_together(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        placed = [each for each in outcomes if self._place(work, each)]
        years = {each.extra["placement"].year for each in placed if each.extra["placement"].year.pk}
        held: dict[tuple[int, int], Enrolment] = {
            (row.student_id, row.year_id): row
            for row in Enrolment.objects.select_related("grade_level").filter(
                student__in=[each.target for each in placed if each.target is not None], year__in=years, primary=True
            )
        }
        for each in placed:
            placement: Placement = each.extra["placement"]
            enrolment = held.get((each.target.pk, placement.year.pk)) if each.target is not None else None
            if enrolment is None:
                each.after["enrolment"] = f"{placement.year.name}, {placement.grade_level.name}"
                continue
            each.extra.pop("placement")
            if enrolment.grade_level != placement.grade_level:
                each.kept["grade"] = [str(enrolment.grade_level), str(placement.grade_level)]

    def _place(self, work: Work, outcome: Outcome) -> bool:
        """Where the student goes; whether anywhere."""
        values = outcome.row.values
        code = values.get("grade", "")
        if outcome.errors or not code or values.get("deleted") == "true":
            return False
        level = work.frame.level(code)
        if level is None:
            outcome.refuse(errors.RefersToRefused(what="grade", value=code), "grades")
            return False
        institution = outcome.extra["institution"]
        year = year_meant(work, values, institution)
        if year is None:
            return False
        entered = day_of(values.get("entered_on")) or year.starts_on
        if entered > year.ends_on:
            refusal = errors.OutsideYear(day=entered, year=year.name, starts_on=year.starts_on, ends_on=year.ends_on)
            outcome.refuse(refusal, "beginDate")
            return False
        exited = day_of(values.get("exited_on"))
        outcome.extra["exited_on"] = exited if exited is not None and exited < year.ends_on else None
        outcome.extra["placement"] = Placement(year, level, max(entered, year.starts_on))
        return True

    def create(self, work: Work, outcomes: Sequence[Outcome]) -> Sequence[Any]:
        admissions = [
            student_bulk.Admission(
                institution=each.extra["institution"],
                fields=each.fields,
                placement=each.extra.get("placement"),
                exited_on=each.extra.get("exited_on"),
            )
            for each in outcomes
        ]
        return student_bulk.admit_many(admissions=admissions, reason=work.reason, by=work.by)

    def change(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        student_bulk.change_many_students(
            changes=[(each.target, each.fields) for each in outcomes], reason=work.reason, by=work.by
        )

    def write_more(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        again = [each for each in outcomes if "placement" in each.extra]
        if again:
            rows = [(each.target, each.extra["placement"]) for each in again]
            made = student_bulk.re_enrol_many(rows=rows, reason=work.reason, by=work.by)
            for each, enrolment in zip(again, made, strict=True):
                each.extra["made"] = {"enrolment": enrolment.pk}


class Guardians(People):
    """Guardians."""

    name = staged.GUARDIAN
    model = Guardian
    permission = "guardians.manage"
    fields: ClassVar[Mapping[str, Any]] = {
        "given_name": str, "family_name": str, "email": str, "phone": str, "address": str, "language": str,
    }  # fmt: skip

    def compare(self, work: Work, rows: Sequence[ImportRow]) -> list[Outcome]:
        outcomes = super().compare(work, rows)
        # Of a template: nothing but name and how to reach them says who it is.
        unknown = [each for each in outcomes if each.row.key.startswith("~") and each.target is None]
        if unknown:
            self._by_reach(work, unknown)
        return outcomes

    def _by_reach(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        given = {each.row.values.get("given_name", "") for each in outcomes}
        found: dict[tuple[str, ...], Any] = {}
        for each in work.rows(Guardian).filter(given_name__in=given):
            name = (each.given_name, each.family_name)
            for reach in (each.email.casefold(), each.phone):
                if reach:
                    found[(*name, reach)] = each
        there = Known({}, set(), {}, {})
        for each in outcomes:
            values = each.row.values
            name = (values.get("given_name", ""), values.get("family_name", ""))
            reaches = ((values.get("email") or "").casefold(), values.get("phone") or "")
            same = next((found[(*name, reach)] for reach in reaches if (*name, reach) in found), None)
            if same is None or each.errors:
                continue
            each.target = same
            each.fields, each.before, each.after = {}, {}, {}
            remember(self.name, there, [same])
            self.look(work, each, there)

    def create(self, work: Work, outcomes: Sequence[Outcome]) -> Sequence[Any]:
        return student_bulk.add_many_guardians(
            fields=[each.fields for each in outcomes], reason=work.reason, by=work.by
        )

    def change(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        student_bulk.change_many_guardians(
            changes=[(each.target, each.fields) for each in outcomes], reason=work.reason, by=work.by
        )


class Staff(People):
    """Members of staff."""

    name = staged.STAFF
    model = StaffMember
    permission = "staff.manage"
    number = "staff_number"
    related = ("user", "institution")
    fields: ClassVar[Mapping[str, Any]] = {
        "staff_number": str, "given_name": str, "family_name": str, "email": str, "phone": str, "job_title": str,
        "starts_on": day_of, "ends_on": day_of,
    }  # fmt: skip

    def look(self, work: Work, outcome: Outcome, there: Known) -> None:
        values = outcome.row.values
        if values.get("starts_on") and values.get("ends_on") and values["ends_on"] < values["starts_on"]:
            refusal = errors.EndsBeforeStart(starts_on=values["starts_on"], ends_on=values["ends_on"])
            outcome.refuse(refusal, "ends_on")
            return
        super().look(work, outcome, there)

    def create(self, work: Work, outcomes: Sequence[Outcome]) -> Sequence[Any]:
        return staff_bulk.add_many_staff(
            members=[(each.extra["institution"], each.fields) for each in outcomes], reason=work.reason, by=work.by
        )

    def change(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        leaving = [each for each in outcomes if "ends_on" in each.fields]
        # What they teach ends with it, and is given back when the import is taken back.
        days = {each.target.pk: each.fields["ends_on"] for each in leaving if each.fields["ends_on"] is not None}
        taught = staff_services.teaching_from(days) if days else {}
        for each in leaving:
            each.extra["made"] = {"taught": [as_kept(row) for row in taught.get(each.target.pk, [])]}
            staff_services.change_staff_member(
                member=each.target, fields=each.fields, expected_version=None, by=work.by
            )
        staff_bulk.change_many_staff(
            changes=[(each.target, each.fields) for each in outcomes if "ends_on" not in each.fields],
            reason=work.reason,
            by=work.by,
        )


class Links:
    """Who is whose guardian. What a guardian may see is a person's decision once the link is there."""

    name = staged.LINK

    def compare(self, work: Work, rows: Sequence[ImportRow]) -> list[Outcome]:
        outcomes = [Outcome(row, errors=list(row.errors)) for row in rows]
        students = find_people(work, staged.STUDENT, [row.values["student"] for row in rows])
        guardians = find_people(work, staged.GUARDIAN, [row.values["guardian"] for row in rows])
        for each in outcomes:
            values = each.row.values
            each.extra["student"] = students.need(each, values["student"], "agentSourcedIds")
            each.extra["guardian"] = guardians.need(each, values["guardian"], "agentSourcedIds")
        saved = [
            each for each in outcomes if not each.errors and each.extra["student"].pk and each.extra["guardian"].pk
        ]
        held = {
            (link.student_id, link.guardian_id): link
            for link in StudentGuardian.objects.filter(student__in=[each.extra["student"].pk for each in saved])
        }
        for each in outcomes:
            if each.errors:
                continue
            student, guardian = each.extra["student"], each.extra["guardian"]
            each.target = held.get((student.pk, guardian.pk)) if student.pk and guardian.pk else None
            self._look(each)
        require(work, outcomes, "guardians.manage", lambda _: None)
        return outcomes

    @staticmethod
    def _look(outcome: Outcome) -> None:
        values = outcome.row.values
        if outcome.target is not None:
            return
        fields: dict[str, Any] = {"relation": values.get("relation") or StudentGuardian.Relation.GUARDIAN}
        if values.get("data_access"):
            fields["data_access"] = values["data_access"] == "true"
        if values.get("contact_priority"):
            fields["contact_priority"] = int(values["contact_priority"])
        outcome.fields = fields
        outcome.after = {
            "student": str(outcome.extra["student"]),
            "guardian": str(outcome.extra["guardian"]),
            "relation": str(fields["relation"]),
        }

    def write(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        new = [each for each in outcomes if each.action == Action.CREATE]
        links = [(each.extra["student"], each.extra["guardian"], each.fields) for each in new]
        for each, link in zip(
            new, student_bulk.link_many_guardians(links=links, reason=work.reason, by=work.by), strict=True
        ):
            each.target = link


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
            outcome.refuse(refusal(what=self._kind, value=key), column)
        return person


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
            run=work.run, kind=kind, key__in=missing
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
    found = rows.alias(_number=Lower("admission_number")).filter(_number__in=numbers)
    by_number = {(each.institution_id, each.admission_number.casefold()): each for each in found}
    for key, (campus, _, number) in named.items():
        institution = work.frame.institution(campus)
        if institution is not None and (institution.pk, number) in by_number:
            there.by_key[key] = by_number[institution.pk, number]


def _imagined(work: Work, kind: str, model: Any, values: Mapping[str, Any]) -> Any:
    person = model(given_name=values.get("given_name", ""), family_name=values.get("family_name", ""))
    if kind != staged.GUARDIAN:
        person.institution = work.frame.institution(values.get("institution", ""))
    # What places need to know of somebody who is not there yet.
    person.coming = values
    return person


KINDS: tuple[Any, ...] = (Staff(), Students(), Guardians(), Links())
