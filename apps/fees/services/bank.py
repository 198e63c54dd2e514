"""What a bank says came in: each line kept once, laid beside what is owed, and taken once somebody has confirmed it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Any, cast
from uuid import UUID, uuid5

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Model, Q, QuerySet, Value, When

from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.fees import errors
from apps.fees.events import BankLinesConfirmed
from apps.fees.models import BankLine, BankStatement, Books, Payment
from apps.fees.selectors.bank import propose, sums_of, sure_lines
from apps.fees.services.payments import COLLECT, NewPayment, Pays, campus_for, hold, receive
from apps.institutions.models import Institution
from apps.students.models import Guardian, Student
from schoolops import clock, events, files, money, queues
from schoolops.audit import trail
from schoolops.errors import SchoolOpsError, Unavailable
from schoolops.folding import composed, fold
from schoolops.privacy import Kept, held_elsewhere

State = BankLine.State
# Lines that are kept, and laid beside what is owed, together.
LOT = 500
# Of one job, which has half a minute; the next one goes on where this one stops.
A_JOB_S = 10.0
# A file whose every row is wrong says enough by these.
MOST_ERRORS = 200


# --- from the file ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class NewLine:
    """Money that came in, as a file says it. ``reference``: the bank's own; empty: it gives none."""

    row: int
    day: dt.date
    amount: Decimal
    currency: str
    payer: str
    text: str
    reference: str


@transaction.atomic
def keep_statement(*, institution: Institution, file: IO[bytes], name: str, suffix: str, by: User) -> BankStatement:
    """Keep a bank's file, which is read afterwards; one that was sent before is the one that is there.

    Raises:
        PermissionMissing, OutOfReach.
    """
    access.require_at(by, COLLECT, institution)
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    # Of two that send it at once the second finds what the first has kept.
    Books.objects.select_for_update(no_key=True).filter(institution=institution).first()
    there = BankStatement.objects.filter(institution=institution, sha256=digest).first()
    if there is not None and (there.file or there.state == BankStatement.State.READ):
        return there
    called = composed(name)[-200:] or "statement"
    row = there or BankStatement(institution=institution, sha256=digest)
    row.file_name, row.by, row.received_at = called, by, clock.now()
    file.seek(0)
    files.keep(row.file, file, suffix=suffix)
    row.save()
    trail.record(by, "fees.bank-statement-received", row, after={"file": called, "sha256": digest})
    return row


def keep_lines(statement: BankStatement, lines: Iterable[NewLine]) -> int:
    """Keep those of ``lines`` that no file has brought yet, lot by lot; how many lines there were.

    Two that are alike in all the bank says are two, as often as one file has them: the first of one file is the first
    of another. Doing it again keeps nothing twice.
    """
    seen: Counter[str] = Counter()
    count = 0
    lot: list[BankLine] = []
    for line in lines:
        said = _identity(line)
        seen[said] += 1
        count += 1
        key = hashlib.sha256(f"{said}\x1f{seen[said]}".encode()).hexdigest()
        fields = {**dataclasses.asdict(line), "text": line.text[:1000], "payer": line.payer[:302]}
        lot.append(BankLine(statement=statement, institution=statement.institution, key=key, **fields))
        if len(lot) == LOT:
            _keep(lot)
            queues.progress(count, 0)
            lot = []
    _keep(lot)
    return count


def _identity(line: NewLine) -> str:
    """What is the same of a line in whichever file it stands. A bank's reference counts more than how it is worded."""
    words = line.reference or f"{fold(line.payer)}\x1f{fold(line.text)}"
    return "\x1f".join((line.day.isoformat(), f"{line.amount.normalize():f}", line.currency, words))


def _keep(lot: Sequence[BankLine]) -> None:
    with transaction.atomic():
        BankLine.objects.bulk_create(lot, ignore_conflicts=True)


def settle_statement(statement: BankStatement, found: Mapping[str, Any], *, problem: dict[str, Any] | None) -> None:
    """Say that a file is read, or why it cannot be, with what was ``found`` beside its lines, by field."""
    with queues.finishing():
        held = BankStatement.objects.select_for_update(no_key=True).get(pk=statement.pk)
        for name, value in found.items():
            setattr(held, name, value)
        held.errors = held.errors[:MOST_ERRORS]
        held.problem, held.read_at = problem, clock.now()
        held.state = BankStatement.State.READ if problem is None else BankStatement.State.FAILED
        held.save(update_fields=[*found, "errors", "problem", "read_at", "state"])
    statement.refresh_from_db()


# --- whose it is ------------------------------------------------------------------------------------------------------
def match_lines(lines: QuerySet[BankLine], institution: Institution) -> None:
    """Lay waiting lines beside what is owed by now."""
    rows = list(lines.filter(institution=institution, state=State.WAITING).order_by("pk"))
    for start in range(0, len(rows), LOT):
        lot = rows[start : start + LOT]
        found = propose(lot, institution)
        for row in lot:
            row.confidence, row.proposal = found[row.pk]
        # Whoever takes one meanwhile has it.
        still = BankLine.objects.filter(state=State.WAITING)
        with transaction.atomic():
            there = set(still.filter(pk__in=found).select_for_update(no_key=True).values_list("pk", flat=True))
            BankLine.objects.bulk_update([row for row in lot if row.pk in there], ["confidence", "proposal"])


@transaction.atomic
def match_again(*, institution: Institution, by: User) -> None:
    """The same of all that waits at a campus. Raises ``PermissionMissing``, ``OutOfReach``."""
    access.require_at(by, COLLECT, institution)
    match_lines(BankLine.objects.all(), institution)


# --- whose names stand there ------------------------------------------------------------------------------------------
_NAMELESS: Mapping[str, object] = {"payer": "", "text": "", "proposal": {}, "problem": None}

_GUESSLESS: Mapping[str, object] = {"proposal": {}, "problem": None}
# What a line itself says of a family; that an amount fits says nothing of anybody.
_SAYS_WHO = (
    Q(proposal__why__contains=["payer"]) | Q(proposal__why__contains=["number"]) | Q(proposal__why__contains=["bill"])
)


# ``key`` stays, and so the same line in another file is known; so does the bank's own reference.
@held_elsewhere(BankLine, Kept(law="fees", since=("day",), blanks=_NAMELESS), shown={"day", "amount", "currency"})
def lines_about(person: Model) -> QuerySet[Any] | None:
    """Lines that were taken for somebody, or wait and name them; they say who paid, and whose child it is."""
    found = _taken_and_proposed(person)
    if found is None:
        return None
    taken, proposed = found
    waits = Q(state__in=(State.WAITING, State.CONFIRMED))
    return BankLine.objects.filter(taken | proposed & _SAYS_WHO & waits)


# Taken for somebody else, or fitting by its amount alone: it is another's line, and the guess goes.
@held_elsewhere(BankLine, Kept(law="fees", since=("day",), blanks=_GUESSLESS))
def lines_guessed(person: Model) -> QuerySet[Any] | None:
    """Lines that were once, or are, proposed for somebody and are not theirs."""
    about, found = lines_about(person), _taken_and_proposed(person)
    if about is None or found is None:
        return None
    return BankLine.objects.filter(found[1]).exclude(pk__in=about.values("pk"))


def _taken_and_proposed(person: Model) -> tuple[Q, Q] | None:
    parts: dict[type[Model], str] = {Student: "student", Guardian: "guardian"}
    part = parts.get(type(person))
    if part is None:
        return None
    payments = list(Payment.objects.filter(**{part: person}).values_list("sourced_id", flat=True))
    proposed = Q(proposal__parts__contains=[{part: str(person.sourced_id)}])  # type: ignore[attr-defined]
    return Q(payments__overlap=payments), proposed


def forget_old_payers() -> int:
    """Lines older than a law asks for name nobody any more, whoever paid; returns how many."""
    today = clock.now().date()
    try:
        since = today.replace(year=today.year - settings.RETENTION_YEARS["fees"])
    except ValueError:
        # The 29th of February.
        since = today.replace(year=today.year - settings.RETENTION_YEARS["fees"], day=28)
    old = BankLine.objects.filter(day__lt=since).exclude(payer="", text="", reason__in=("", "—"))
    reason = Case(When(reason="", then=Value("")), default=Value("—"))
    return old.exclude(state__in=(State.WAITING, State.CONFIRMED)).update(**_NAMELESS, reason=reason)


# --- taking -----------------------------------------------------------------------------------------------------------
@transaction.atomic
def confirm_lines(*, statement: BankStatement, total: Decimal, by: User) -> int:
    """Let a job take the lines of a file whose proposals are sure, which come to ``total``; how many these are.

    Raises:
        PermissionMissing, OutOfReach, BankStatementNotReady, BankStatementComesToAnother.
    """
    access.require_at(by, COLLECT, statement.institution)
    held = BankStatement.objects.select_for_update(no_key=True).get(pk=statement.pk)
    if held.state != BankStatement.State.READ:
        raise errors.BankStatementNotReady
    sums = sums_of(held)
    if sums["total"] != total or not total:
        shown = money.shown(sums["total"], statement.institution.currency)
        raise errors.BankStatementComesToAnother(total=shown, expected=f"{total:f}")
    count = sure_lines(held).update(state=State.CONFIRMED, by=by, at=clock.now(), problem=None)
    trail.record(by, "fees.bank-lines-confirmed", held, after={"lines": count, "total": total})
    events.publish(BankLinesConfirmed(held.pk))
    return count


def take_confirmed(statement: int) -> dict[str, int]:
    """Take the confirmed lines of a file, each in a transaction of its own: how many were taken, how many refused.

    One that is refused waits for a person, with the reason. Killed anywhere, the next try goes on with what is left.
    """
    counted = {"taken": 0, "refused": 0}
    there = BankLine.objects.filter(statement=statement, state=State.CONFIRMED)
    of = there.count()
    until = time.monotonic() + A_JOB_S
    while time.monotonic() < until:
        line = there.order_by("pk").select_related("by").first()
        if line is None:
            break
        try:
            with transaction.atomic():
                # Whoever confirmed it takes it.
                _take(line.pk, None, cast("User", line.by))
            counted["taken"] += 1
        except Unavailable:
            raise
        except SchoolOpsError as refusal:
            facts = {name: str(fact) for name, fact in refusal.facts.items()}
            said = {"code": refusal.code, "said": refusal.said, "remedy": refusal.remedy or ""}
            problem = {"detail": refusal.detail, "facts": facts, **said}
            there.filter(pk=line.pk).update(state=State.WAITING, problem=problem, confidence=0)
            counted["refused"] += 1
        queues.progress(sum(counted.values()), of)
    with queues.finishing():
        if there.exists():
            events.publish(BankLinesConfirmed(statement))
    return counted


@dataclass(frozen=True, slots=True)
class Share:
    """What of a line is a student's: against ``pays``, or what is due first. What is left over is credit."""

    student_id: UUID
    amount: Decimal
    pays: Sequence[Pays] = ()
    guardian_id: UUID | None = None


@transaction.atomic
def take_line(*, line: BankLine, parts: Sequence[Share] = (), by: User) -> BankLine:
    """Take a line for the students who are said, or as it is proposed: a payment for each.

    Raises:
        PermissionMissing, OutOfReach, BankLineSettled, BankLineSharesDiffer, CurrencyDiffers, and what taking a
        payment raises.
    """
    access.require_at(by, COLLECT, line.institution)
    return _take(line.pk, parts or None, by)


def _take(pk: int, parts: Sequence[Share] | None, by: User) -> BankLine:
    line = _held(pk, State.WAITING, State.CONFIRMED)
    campus: Institution = line.institution
    money.expect_currency(line.currency, campus.currency)
    shares = _proposed(line) if parts is None else list(parts)
    total = sum((share.amount for share in shares), Decimal(0))
    if total != line.amount or len({share.student_id for share in shares}) < len(shares):
        raise errors.BankLineSharesDiffer(amount=money.shown(line.amount, line.currency), given=f"{total:f}")
    there = {row.sourced_id: row for row in Student.objects.filter(sourced_id__in=[each.student_id for each in shares])}
    guardians = Guardian.objects.filter(sourced_id__in=[each.guardian_id for each in shares if each.guardian_id])
    named = {row.sourced_id: row for row in guardians}
    if len(there) < len(shares):
        raise OutOfReach
    # One order for everybody who holds more than one student.
    ordered = sorted(shares, key=lambda share: there[share.student_id].pk)
    for share in ordered:
        campus_for(there[share.student_id], campus, by)
        hold(there[share.student_id])
    taken = [
        receive(
            student=there[share.student_id],
            payment=NewPayment(
                amount=share.amount,
                currency=line.currency,
                method=Payment.Method.BANK,
                day=_open_day(line),
                reference=(line.reference or line.text)[:80],
                paid_by=line.payer,
                guardian=named.get(share.guardian_id) if share.guardian_id else None,
                pays=share.pays,
                institution=campus,
                key=uuid5(line.sourced_id, f"{share.student_id}/{line.turn}"),
            ),
            by=by,
        )
        for share in ordered
    ]
    return _settled(line, taken, by)


def _held(pk: int, *states: str) -> BankLine:
    """A line, held until the transaction ends. Raises ``BankLineSettled`` unless it is in one of ``states``."""
    held = BankLine.objects.select_for_update(no_key=True, of=("self",)).select_related("institution").get(pk=pk)
    if held.state not in states:
        raise errors.BankLineSettled(state=held.state)
    return held


def _proposed(line: BankLine) -> list[Share]:
    return [
        Share(
            UUID(part["student"]),
            Decimal(part["amount"]),
            [Pays(UUID(each["invoice"]), Decimal(each["amount"])) for each in part["pays"]],
            UUID(part["guardian"]) if part["guardian"] else None,
        )
        for part in line.proposal.get("parts", ())
    ]


def _open_day(line: BankLine) -> dt.date:
    """The bank's day, or where the books are closed through it, the first day that is open."""
    through = Books.objects.filter(institution=line.institution_id).values_list("closed_through", flat=True).first()
    return line.day if through is None or line.day > through else through + dt.timedelta(days=1)


def _settled(line: BankLine, payments: Sequence[Payment], by: User) -> BankLine:
    line.state, line.payments, line.problem = State.TAKEN, [each.sourced_id for each in payments], None
    line.by, line.at = by, clock.now()
    line.save(update_fields=["state", "payments", "problem", "by", "at"])
    told = {"amount": line.amount, "receipts": [each.receipt for each in payments]}
    trail.record(by, "fees.bank-line-taken", line, after=told)
    return line


@transaction.atomic
def settle_line(*, line: BankLine, payment: UUID, by: User) -> BankLine:
    """Say that a line is a transfer that somebody entered already: nothing is taken.

    Raises:
        PermissionMissing, OutOfReach, BankLineSettled, PaymentUnknown, BankLineIsNoReceipt.
    """
    access.require_at(by, COLLECT, line.institution)
    held = _held(line.pk, State.WAITING)
    found = Payment.objects.filter(institution=held.institution, sourced_id=payment).first()
    if found is None:
        raise errors.PaymentUnknown
    hold(found.student)
    fits = (found.amount, found.currency, found.method) == (held.amount, held.currency, Payment.Method.BANK)
    # What was given back had come in; what was reversed never did.
    undone = found.refunds.exclude(kind="refund").exists()
    if not fits or undone or BankLine.objects.filter(payments__contains=[payment]).exists():
        raise errors.BankLineIsNoReceipt(receipt=found.receipt, amount=money.shown(held.amount, held.currency))
    return _settled(held, [found], by)


@transaction.atomic
def set_line_aside(*, line: BankLine, reason: str, by: User) -> BankLine:
    """Say that a line is no fee of anybody: it waits no more.

    Raises:
        PermissionMissing, OutOfReach, BankLineSettled.
    """
    access.require_at(by, COLLECT, line.institution)
    held = _held(line.pk, State.WAITING)
    held.state, held.reason, held.by, held.at = State.SET_ASIDE, reason, by, clock.now()
    held.save(update_fields=["state", "reason", "by", "at"])
    trail.record(by, "fees.bank-line-set-aside", held, after={"amount": held.amount}, reason=reason)
    return held


@transaction.atomic
def take_line_up_again(*, line: BankLine, by: User) -> BankLine:
    """Let a line wait once more that was set aside, or whose payments were undone.

    Raises:
        PermissionMissing, OutOfReach, BankLineSettled, BankLineHasPayments.
    """
    access.require_at(by, COLLECT, line.institution)
    held = _held(line.pk, State.TAKEN, State.SET_ASIDE)
    taken = Payment.objects.filter(sourced_id__in=held.payments)
    for payment in taken.order_by("pk"):
        if not payment.refunds.exclude(kind="refund").exists():
            raise errors.BankLineHasPayments(receipt=payment.receipt)
    held.state, held.payments, held.reason, held.turn = State.WAITING, [], "", held.turn + 1
    held.save(update_fields=["state", "payments", "reason", "turn"])
    trail.record(by, "fees.bank-line-taken-up-again", held, after={"amount": held.amount})
    match_lines(BankLine.objects.filter(pk=held.pk), held.institution)
    held.refresh_from_db()
    return held
