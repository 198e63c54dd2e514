"""What the database refused, in the words of a school: constraint names become named errors."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from schoolops.errors import SchoolOpsError

# Called with nothing, so a class will do; a lambda fills in the facts.
Explanation = Callable[[], SchoolOpsError]


@contextmanager
def explains(
    explanations: Mapping[str, Explanation], *, deferred: Collection[str] = (), using: str = "default"
) -> Iterator[None]:
    """Raise the error named for the constraint that the enclosed writes violate; others pass through as they are.

    A savepoint stands around the writes, so that the caller's transaction survives a refusal it catches. What models
    declare as ``deferrable`` is checked at the end of this block when it is named here; constraint triggers that wait
    for the end of the transaction are, when ``deferred`` names them::

        with explains({"student_admission_number": AdmissionNumberTaken}):
            student.save()
    """
    try:
        with transaction.atomic(using=using):
            yield
            _check_deferred({*deferred, *(_deferrable() & explanations.keys())}, using)
    except IntegrityError as violation:
        explanation = explanations.get(violated(violation) or "")
        if explanation is None:
            raise
        raise explanation() from violation


def violated(error: BaseException) -> str | None:
    """The name of the constraint that ``error`` is about, where PostgreSQL said."""
    diagnosis = getattr(error.__cause__, "diag", None)
    name = getattr(diagnosis, "constraint_name", None)
    return None if name is None else str(name)


# Named where models declare them with `deferrable=`; SET CONSTRAINTS refuses any other.
_deferred: dict[str, frozenset[str]] = {}


def _deferrable() -> frozenset[str]:
    if "names" not in _deferred:
        from django.apps import apps  # noqa: PLC0415 - models are there only now

        _deferred["names"] = frozenset(
            constraint.name
            for model in apps.get_models()
            for constraint in model._meta.constraints
            if getattr(constraint, "deferrable", None)
        )
    return _deferred["names"]


def _check_deferred(names: Collection[str], using: str) -> None:
    if names:
        connection = transaction.get_connection(using)
        listed = ", ".join(connection.ops.quote_name(name) for name in sorted(names))
        with connection.cursor() as cursor:
            cursor.execute(f"SET CONSTRAINTS {listed} IMMEDIATE")
            cursor.execute(f"SET CONSTRAINTS {listed} DEFERRED")
