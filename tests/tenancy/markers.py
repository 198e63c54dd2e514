"""A row in each school that names it."""

from __future__ import annotations

from schoolops import clock
from schoolops.audit.models import AuditEntry
from schoolops.context import inside
from schoolops.tenancy.compiled import Compiled
from schoolops.tenancy.models import School
from schoolops.tenancy.prepared import Statement

_BY_HAND = Statement("SELECT object_id FROM audit_auditentry ORDER BY id DESC LIMIT 1")
_COMPILED: Compiled[str] = Compiled(lambda: AuditEntry.objects.order_by("-id").values_list("object_id", flat=True)[:1])


def mark(school: School) -> None:
    """Leave the school's own name in its trail."""
    with inside(school):
        AuditEntry(
            at=clock.now(), actor_name="Alice", action="tests.marked", object_type="school", object_id=school.slug
        ).save()


def whose() -> str:
    """The name found in the trail of the current school, empty where there is none."""
    return AuditEntry.objects.order_by("-id").values_list("object_id", flat=True).first() or ""


def whose_by_hand() -> str:
    """The same by a statement that this connection prepared in whichever school's turn."""
    ((found,),) = _BY_HAND.rows() or [("",)]
    return str(found)


def whose_compiled() -> str:
    """The same by a queryset that was compiled once for all schools."""
    return _COMPILED.first() or ""
