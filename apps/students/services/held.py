"""Students in hand: held until the transaction ends, reached by whoever writes, and what became of each wish."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from apps.access import services as access
from apps.accounts.models import User
from apps.students import errors
from apps.students.models import Guardian, Student
from schoolops.constraints import Explanation
from schoolops.errors import FieldError, SchoolOpsError
from schoolops.folding import Fold, fold
from schoolops.holders import Holders

MANAGE = "students.manage"
# What only the database can see, in the words of a school.
EXPLAINED: Mapping[str, Explanation] = {
    "student_admission_number": lambda: errors.AdmissionNumberTaken(number="of this list"),
    "students_student_user_id_key": errors.LoginTaken,
    "enrolment_no_overlap": errors.AlreadyEnrolled,
    "membership_one_section": errors.AlreadyEnrolled,
    "membership_roll_number": errors.RollNumberTaken,
    "enrolment_inside_year": errors.YearChangedMeanwhile,
    "enrolment_ends_with_year": errors.YearChangedMeanwhile,
    "membership_inside_enrolment": errors.YearChangedMeanwhile,
    "class_enrolment_no_overlap": errors.AlreadyInClass,
}
DEFERRED = ("membership_inside_enrolment",)


@dataclass(slots=True)
class Result:
    """What became of N rows.

    Attributes:
        rows: in their order what was begun: an enrolment (``None`` for an admission to nowhere), a section membership,
            a place in a class; ``None`` where refused.
        refused: number of the wish → why it was refused; nothing of it was written.
        left: number of the wish → the key of the membership that it ended, and when that would have ended.
    """

    rows: list[Any]
    refused: dict[int, SchoolOpsError] = field(default_factory=dict)
    left: dict[int, tuple[int, dt.date | None]] = field(default_factory=dict)

    def only(self) -> Any:
        """What the one wish began. Raises why it was refused."""
        return self.whole()[0]

    def whole(self) -> list[Any]:
        """What was begun, for who wants all or nothing. Raises why the first was refused."""
        for refusal in self.refused.values():
            raise refusal
        return self.rows

    def all(self) -> list[Any]:
        """What was begun. Raises ``RowsRefused`` with an error per refused row, named ``records.<row>.<field>``."""
        if self.refused:
            raise errors.RowsRefused(
                errors=[
                    FieldError.of(f"records.{number}.{why.field or 'student_id'}", why)
                    for number, why in sorted(self.refused.items())
                ]
            )
        return self.rows


def hold(keys: Collection[int]) -> dict[int, Student]:
    """These students, held until the transaction ends, in the order of keys. Rolls, which refer to them, go on."""
    rows = Student.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=keys).order_by("pk")
    return {row.pk: row for row in rows} if keys else {}


def reached(keys: Collection[int], permission: str, *, by: User) -> set[int]:
    """Those of these students over whom ``by`` holds ``permission`` today. Raises ``PermissionMissing``."""
    reach = access.within_reach(by, permission, "student")
    if reach == Q() or not keys:
        return set(keys)
    return set(Student.objects.filter(reach, pk__in=keys).values_list("pk", flat=True))


def admitted_as(numbers: Iterable[str]) -> Holders:
    """Which students have these numbers, by campus and folded number."""
    folded = {fold(number) for number in numbers}
    rows = Student.objects.alias(_number=Fold("admission_number")).filter(_number__in=folded)
    held = rows.values_list("institution_id", "admission_number", "pk") if folded else ()
    return Holders(((at, fold(said)), pk) for at, said, pk in held)


def logged_in_as(model: type[Student | Guardian], said: Iterable[Mapping[str, Any]]) -> Holders:
    """Which rows of ``model`` have the logins that these fields name, by the login's key."""
    asked = {fields["user"].pk for fields in said if fields.get("user") is not None}
    return Holders(model._default_manager.filter(user__in=asked).values_list("user_id", "pk") if asked else ())


def refuse_login(logins: Holders, row: Student | Guardian, fields: Mapping[str, Any]) -> None:
    """Nothing, when ``row`` may have the login that ``fields`` say. Raises ``LoginTaken``."""
    user = fields.get("user")
    if user is not None and logins.another_has(user.pk, row):
        raise errors.LoginTaken


def give_login(logins: Holders, row: Student | Guardian, fields: Mapping[str, Any], *, was: int | None) -> None:
    """From here on ``row`` has the login that ``fields`` say, if they say one."""
    if "user" in fields:
        logins.give(row, was, getattr(fields["user"], "pk", None))
