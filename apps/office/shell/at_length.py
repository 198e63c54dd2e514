"""More rows of a list than one request changes: noted as they stand, asked about once, changed by a worker lot by lot.

The declaration is the list's ``many_change``, the form and the services are those of ``many``. A lot and what became of
its rows commit together: killed anywhere, the next try goes on with the rows that still wait.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from apps.accounts.models import User
from apps.office.errors import AskedNoLonger, TooManyAtOnce
from apps.office.events import ListChangeDue
from apps.office.models import ListChange
from apps.office.shell import many
from apps.office.shell.rooms import rooms
from apps.office.shell.site import office, remedy_in_words, translated
from schoolops import clock, events, queues
from schoolops.audit import trail
from schoolops.errors import SchoolOpsError, Unavailable

# What a row keeps of its change is read and written with each lot.
MOST = 10_000
A_LOT = 250
# Of what the queue gives a job.
A_JOB_S = 60.0
CHANGED, SAME, GONE, REFUSED = "changed", "same", "gone", "refused"
State = ListChange.State


@transaction.atomic
def begin(*, admin: Any, rows: QuerySet[Any], by: User) -> ListChange:
    """Note ``rows`` with the state that each is in. Raises ``TooManyAtOnce``."""
    found = list(rows[: MOST + 1])
    if len(found) > MOST:
        raise TooManyAtOnce(most=MOST)
    marks = {str(pk): mark for pk, mark in many.marked(admin, found, {}).items()}
    made: ListChange = ListChange.objects.create(user=by, listed=admin.opts.label, waiting=marks, begun_at=clock.now())
    return made


def clear_old() -> int:
    """Forget what was begun long ago; how many changes these were."""
    long_ago = clock.now() - dt.timedelta(days=ListChange.KEPT_DAYS)
    gone: int = ListChange.objects.filter(begun_at__lt=long_ago).delete()[0]
    return gone


@transaction.atomic
def confirm(*, change: ListChange, sent: Mapping[str, Sequence[str]]) -> None:
    """Have a worker do what was said, once: a second time it is nothing."""
    found = ListChange.objects.select_for_update(no_key=True).get(pk=change.pk)
    if found.state != State.DRAFT:
        return
    found.state, found.sent = State.CONFIRMED, {name: [*said] for name, said in sent.items()}
    found.save(update_fields=["state", "sent"])
    events.publish(ListChangeDue(found.pk))


def make(number: int) -> dict[str, int]:
    """Change the rows that still wait, and say how many became what."""
    # Their model admins register themselves.
    rooms()
    until = time.monotonic() + A_JOB_S
    while True:
        with transaction.atomic():
            change = _some(number)
        queues.progress(len(change.outcomes), len(change.outcomes) + len(change.waiting))
        if not change.waiting or time.monotonic() > until:
            break
    with queues.finishing():
        change = ListChange.objects.select_for_update(no_key=True).get(pk=number)
        counted = counts(change)
        if change.waiting:
            events.publish(ListChangeDue(number))
        elif change.state == State.CONFIRMED:
            change.state, change.sent = State.DONE, {}
            change.save(update_fields=["state", "sent"])
            trail.record(change.user, "office.list-changed", change, after={"listed": change.listed, **counted})
    return counted


def counts(change: ListChange) -> dict[str, int]:
    """How many rows became what."""
    became = [each if isinstance(each, str) else REFUSED for each in change.outcomes.values()]
    return {code: became.count(code) for code in (CHANGED, SAME, REFUSED, GONE)}


def _some(number: int) -> ListChange:
    """The change with its next lot done."""
    # Whoever else works at it waits, and then finds others.
    change: ListChange = (
        ListChange.objects.select_for_update(no_key=True, of=("self",)).select_related("user").get(pk=number)
    )
    if change.state != State.CONFIRMED:
        return change
    lot = {int(pk): mark for pk, mark in list(change.waiting.items())[:A_LOT]}
    for pk, became in _done(change, lot).items():
        change.outcomes[str(pk)] = became
        del change.waiting[str(pk)]
    change.save(update_fields=["outcomes", "waiting"])
    return change


def _done(change: ListChange, lot: Mapping[int, str]) -> dict[int, Any]:
    """What became of each row of ``lot``."""
    admin, request = admin_of(change), HttpRequest()
    request.method, request.user = "POST", change.user
    sent = QueryDict(mutable=True)
    for name, said in change.sent.items():
        sent.setlist(name, said)
    request.POST = sent  # type: ignore[assignment]
    rows = list(admin.get_queryset(request).filter(pk__in=lot).order_by("pk"))
    became: dict[int, Any] = dict.fromkeys(lot, GONE)
    try:
        with transaction.atomic():
            # As with each request of a page: roles outlive a login.
            if not change.user.may_log_in(clock.now()):
                raise AskedNoLonger
            form = admin.form_of_many(request, asked=True)
            if (said := admin.said_of_many(form)) is None:
                raise AskedNoLonger
            seen = many.Act(admin, rows, lot, said, form.cleaned_data.get("reason", ""), change.user).done()
    except Unavailable:
        # Nothing was done: the job waits for what is away, and comes back to these rows.
        raise
    except SchoolOpsError as refusal:
        return became | {row.pk: _kept(refusal, row) for row in rows}
    became |= {row.pk: CHANGED for row, _was in seen.changed} | {row.pk: SAME for row in seen.same}
    return became | {row.pk: _kept(why, row) for row, why in seen.refused}


def admin_of(change: ListChange) -> Any:
    """The model admin of its list."""
    return next(admin for model, admin in office._registry.items() if model._meta.label == change.listed)  # noqa: SLF001 - Django has no other door


def address_of(change: ListChange) -> str:
    """Where it is asked about, and then told of."""
    opts = admin_of(change).opts
    return reverse(f"{office.name}:{opts.app_label}_{opts.model_name}_many_at_length", args=[change.sourced_id])


def _kept(refusal: SchoolOpsError, row: Any) -> list[Any]:
    # Not what the row is called: whoever reads it is told what it is called then, if it is still there.
    facts = {
        name: None if str(value) == str(row) else value if isinstance(value, str | int) else str(value)
        for name, value in refusal.facts.items()
    }
    return [refusal.said, refusal.remedy, facts]


def in_words(became: Any, called: str) -> str:
    """Why the row that is ``called`` so was left out, in the reader's language; empty where it was not."""
    if isinstance(became, str):
        return ""
    said, remedy, facts = became
    facts = {name: called if value is None else value for name, value in facts.items()}
    return f"{translated(said, facts)} {remedy_in_words(remedy, facts)}".strip()
