"""Reminding by mail whoever has an overdue bill: of what is overdue as the mail is written, so of nothing paid."""

from __future__ import annotations

from decimal import Decimal

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_noop

from apps.access import services as access
from apps.accounts.models import User
from apps.fees.events import BillsOverdue
from apps.fees.models import Invoice
from apps.fees.selectors.billing import of_bills, with_ahead
from apps.fees.selectors.entries import of_guardian
from apps.fees.selectors.statements import open_parts
from apps.fees.services.papers import language_for
from apps.fees.services.payments import COLLECT
from apps.institutions.models import Institution
from apps.institutions.selectors import today_at
from apps.students.models import Guardian
from schoolops import events, money
from schoolops.audit import trail

_SUBJECT = gettext_noop("School fees are overdue at {school}")
_TEXT = gettext_noop("""Hello {name},

this is overdue at {school}:

{bills}

Altogether: {total}

If you have paid it meanwhile, thank you: then there is nothing more to do.

{school}
""")
_LINE = gettext_noop("{student}, bill {number}, due on {day}: {amount}")


@transaction.atomic
def remind_debtors(*, institution: Institution, by: User) -> int:
    """Let each guardian with an overdue bill at a campus be reminded by mail, once a day; returns how many those are.

    Raises:
        PermissionMissing, OutOfReach.
    """
    access.require_at(by, COLLECT, institution)
    day = today_at(institution)
    behind = with_ahead(of_bills(Invoice.objects.filter(institution=institution)), day)
    behind = behind.filter(left_sum__gt=F("ahead_sum")).filter(
        Q(guardian__email__gt="") | Q(guardian__user__email__gt="") | Q(guardian__merged_into__isnull=False)
    )
    # Who was merged into another is written to as that one.
    whom = Coalesce("guardian__merged_into", "guardian")
    keys = sorted(set(behind.filter(guardian__isnull=False).values_list(whom, flat=True)))
    if keys:
        events.publish(BillsOverdue(institution.pk, day, tuple(keys)))
    trail.record(by, "fees.debtors-reminded", institution, after={"day": day, "guardians": len(keys)})
    return len(keys)


def reminder(*, guardian: int, institution: int) -> EmailMessage | None:
    """The letter about what is overdue of a guardian's bills by now; ``None``: nothing, or nowhere to write to."""
    whom = Guardian.objects.select_related("user").filter(pk=guardian).first()
    address = "" if whom is None else whom.email or (whom.user.email if whom.user else "")
    if whom is None or not address:
        return None
    campus = Institution.objects.get(pk=institution)
    today = today_at(campus)
    bills = of_bills(Invoice.objects.filter(of_guardian(whom), institution=campus))
    late = sorted(
        ((due_on, bill.number, bill, amount) for bill, due_on, amount in open_parts(bills) if due_on < today),
        key=lambda each: each[:2],
    )
    if not late:
        return None
    with translation.override(language_for(whom, campus)):
        lines = [
            gettext(_LINE).format(
                student=bill.student.full_name,
                number=bill.called_number,
                day=date_format(due_on),
                amount=money.printed(amount, campus.currency),
            )
            for due_on, _number, bill, amount in late
        ]
        total = money.printed(sum((amount for *_rest, amount in late), Decimal(0)), campus.currency)
        facts = {"name": whom.full_name, "school": campus.name, "bills": "\n".join(lines), "total": total}
        return EmailMessage(
            subject=gettext(_SUBJECT).format(school=campus.name), body=gettext(_TEXT).format(**facts), to=[address]
        )
