"""``@task`` and ``enqueue()``: a job is a row that commits or rolls back with whatever made it necessary."""

from __future__ import annotations

import datetime as dt
import hashlib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Literal, get_type_hints

import orjson
import psycopg.errors
from django.db import DatabaseError, connection

from schoolops import clock, context
from schoolops.errors import FieldError
from schoolops.queues import pipeline, registry
from schoolops.queues.errors import LedgerFull, PayloadRefused, PayloadTooLarge, TwinInFlight
from schoolops.queues.ledger import seen
from schoolops.queues.registry import Queue
from schoolops.tenancy import prepared

if TYPE_CHECKING:
    import pydantic

Refused = Literal["person", "discard"]
LARGEST_PAYLOAD = 64 * 1024
# In JSON: perhaps a NUL, which PostgreSQL does not hold, or a number that is read back as another.
_ODD = re.compile(r"\\u0000|\d{19}")
# NUL, and half of a surrogate pair.
_BROKEN = re.compile("[\0\ud800-\udfff]")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,127}")
KEY_KEPT_FOR = dt.timedelta(hours=24)
# What a task that acts for nobody in particular says in ``acts_for``.
FOR_NOBODY_IN_PARTICULAR = frozenset({"the school", "the platform"})
# Raised by platform.jobs_enqueue when the ledger is over its limit.
FULL_SQLSTATE = "SO503"

_ENQUEUE = "SELECT platform.jobs_enqueue(%s, %s, %s, %s, %s, %s::smallint, %s)"
_ENQUEUE_ONCE = (
    "SELECT place, job_id, fresh FROM platform.jobs_enqueue_once(%s, %s, %s, %s, %s, %s::smallint, %s, %s, %s)"
)
_ENQUEUE_MANY = "SELECT job_id FROM platform.jobs_enqueue_many(%s, %s, %s, %s, %s, %s::smallint, %s)"


@dataclass(frozen=True, slots=True)
class Enqueued:
    """The job is in the ledger, as soon as the caller's transaction commits."""

    job_id: int


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same job was enqueued before, as ``first_job``; nothing was written. Never an error for a subscriber."""

    first_job: int

    @property
    def job_id(self) -> int:
        return self.first_job


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A declared task. Calling it runs the body at once; ``enqueue`` is what services and subscribers use."""

    name: str
    queue: Queue
    function: Callable[..., Any]
    once_per: tuple[str, ...] = ()
    while_waiting: bool = False
    leased: bool = False
    tracked: bool = False
    outside: str | None = None
    refused: Refused = "person"
    acts_for: str = ""
    awaited: bool = False
    timeout_s: int = 0
    tries: int = 0
    origin: str = field(default="")
    # The statement of the common case, with what never changes written into it: each parameter costs 4 µs.
    at_once: str = field(default="", repr=False)

    @property
    def payload(self) -> type[pydantic.BaseModel]:
        """Its arguments, as they are checked. Made when one is enqueued or run first: most processes do neither."""
        return _payload_model(self.function)

    @property
    def withdrawable(self) -> bool:
        """Whether whoever asked for it may withdraw it: their own work, without which nothing stands still."""
        return self.tracked and not self.awaited and self.acts_for not in FOR_NOBODY_IN_PARTICULAR

    def __call__(self, **payload: Any) -> Any:
        return self.function(**payload)

    def enqueue(self, *, run_at: dt.datetime | None = None, priority: int = 0, **payload: Any) -> Enqueued | Duplicate:
        """Write a job into the ledger, in the current transaction and for the current school.

        Args:
            run_at: aware; not before this moment. Default: at once.
            priority: higher goes first among one school's jobs of this queue.
            payload: the task's keyword arguments, at most 64 kB as JSON.

        Raises:
            PayloadRefused, PayloadTooLarge: the arguments do not fit the task.
            LedgerFull, TwinInFlight: nothing was written, and the transaction is lost: answer 503.
        """
        text = self.serialise(payload)
        if not self.once_per:
            if run_at is None and not priority:
                job_id = _fetch_one(self.at_once, (text, _meta()))
            else:
                common = (self.queue.name, self.name, text, _meta(), _delay(run_at), priority, self.tracked)
                job_id = _fetch(_ENQUEUE, common)[0][0]
            pipeline.step(pipeline.ENQUEUE, self.queue.name, job_id=job_id, task=self.name)
            return Enqueued(job_id)
        key = self.once_key(text)
        if not self.while_waiting and (first := seen.first_job(key)) is not None:
            return Duplicate(first)
        row = _fetch(_ENQUEUE_ONCE, self._once_arguments([text], [key], run_at, priority))[0]
        return self._answer(key, row[1], fresh=row[2])

    def enqueue_many(
        self, payloads: Iterable[Mapping[str, Any]], *, run_at: dt.datetime | None = None, priority: int = 0
    ) -> list[Enqueued | Duplicate]:
        """As ``enqueue`` for each payload, with one statement however many there are; duplicates are skipped.

        Returns one answer per payload, in order.
        """
        texts = [self.serialise(payload) for payload in payloads]
        if not texts:
            return []
        if not self.once_per:
            rows = _fetch(
                _ENQUEUE_MANY,
                (self.queue.name, self.name, _array(texts), _meta(), _delay(run_at), priority, self.tracked),
            )
            pipeline.step(pipeline.ENQUEUE, self.queue.name, jobs=len(rows), task=self.name)
            return [Enqueued(row[0]) for row in rows]
        keys = [self.once_key(text) for text in texts]
        rows = sorted(_fetch(_ENQUEUE_ONCE, self._once_arguments(texts, keys, run_at, priority)))
        return [self._answer(keys[number - 1], job_id, fresh=fresh) for number, job_id, fresh in rows]

    def _answer(self, key: bytes, job_id: int, *, fresh: bool) -> Enqueued | Duplicate:
        if not fresh:
            return Duplicate(job_id)
        pipeline.step(pipeline.ENQUEUE, self.queue.name, job_id=job_id, task=self.name)
        if not self.while_waiting:
            seen.remember_after_commit(key, job_id)
        return Enqueued(job_id)

    def _once_arguments(
        self, texts: list[str], keys: list[bytes], run_at: dt.datetime | None, priority: int
    ) -> tuple[Any, ...]:
        kept_for = None if self.while_waiting else KEY_KEPT_FOR
        common = (self.queue.name, self.name, _array(texts), _meta(), _delay(run_at), priority)
        return (*common, self.tracked, keys, kept_for)

    def serialise(self, payload: Mapping[str, Any]) -> str:
        """``payload`` as the JSON kept in the ledger. Raises ``PayloadRefused``, ``PayloadTooLarge``."""
        import pydantic_core

        checked = self.check(payload)
        try:
            text = checked.model_dump_json()
        except pydantic_core.PydanticSerializationError:
            raise PayloadRefused(task=self.name, errors=_unkept(checked)) from None
        if _ODD.search(text) and (errors := _unkept(checked)):
            raise PayloadRefused(task=self.name, errors=errors)
        if len(text) * 4 > LARGEST_PAYLOAD and (size := len(text.encode())) > LARGEST_PAYLOAD:
            raise PayloadTooLarge(task=self.name, size=size, limit=LARGEST_PAYLOAD)
        return text

    def check(self, payload: Mapping[str, Any]) -> pydantic.BaseModel:
        """``payload`` with its types. Raises ``PayloadRefused`` naming each field."""
        import pydantic

        try:
            return self.payload.model_validate(payload)
        except pydantic.ValidationError as refusal:
            raise PayloadRefused(task=self.name, errors=_field_errors(refusal)) from None

    def arguments(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """The keyword arguments that a stored payload stands for. Raises ``PayloadRefused``."""
        checked = self.check(payload)
        return {name: getattr(checked, name) for name in self.payload.model_fields}

    def once_key(self, text: str) -> bytes:
        """SHA-256 over school, queue, task and the arguments that ``once_per`` names.

        The school by its key: a short name that is given again is another school.
        """
        payload = orjson.loads(text)
        named = orjson.dumps([payload[name] for name in self.once_per], option=orjson.OPT_SORT_KEYS)
        school = context.school_or_none()
        parts = (str(school.pk) if school else "", self.queue.name, self.name)
        return hashlib.sha256("\0".join(parts).encode() + b"\0" + named).digest()


def task(  # noqa: PLR0913 - a declaration, all by keyword
    *,
    queue: Queue,
    once_per: Sequence[str] = (),
    while_waiting: bool = False,
    name: str | None = None,
    leased: bool = False,
    tracked: bool = False,
    outside: str | None = None,
    refused: Refused = "person",
    acts_for: str = "",
    awaited: bool = False,
    timeout_s: int | None = None,
    tries: int | None = None,
) -> Callable[[Callable[..., Any]], Task]:
    """Declare a task: a keyword-only, fully annotated function that calls one service.

    By default the body runs inside one transaction that also ends the job, so its effect in our database happens once.

    Args:
        once_per: the same values of these arguments are accepted once in 24 hours …
        while_waiting: … or, so declared, only once while such a job has not begun.
        name: kept for good, since jobs in the ledger use it; default ``<app>.<function>``.
        leased: the body holds no transaction; it says ``with finishing():`` around its last one.
        tracked: an outcome is kept for 7 days, with what the body returned, and GET /api/v1/jobs/{id} shows it.
        outside: ``"keyed"`` or ``"at_most_once"``, for work that somebody outside our database does; implies leased.
        refused: what a ``Conflict`` or ``NotFound`` of the body means. ``"person"``: somebody looks at it (dead letter
            ``refused``), which is right for money. ``"discard"``: there is nothing left to do and nobody is told, which
            is right for a notice about what is gone by now.
        acts_for: with whose power the body acts: ``"the school"`` or ``"the platform"``, over all that is theirs
            and for nobody in particular; or the permission of whoever sent it and over what it is held, as in
            ``"imports.run over school"``; or ``"whoever sent it"``, where each service that it calls asks them. A test
            refuses a task that does not say.
        awaited: something waits for its end and has no other way on, so that nobody withdraws it. What acts for nobody
            in particular follows from what is written already, and is not withdrawn either.
        timeout_s, tries: where they differ from the queue's.
    """

    def declare(function: Callable[..., Any]) -> Task:
        if unknown := set(once_per) - set(parameters_of(function)):
            raise TypeError(f"{function.__qualname__}: once_per names {sorted(unknown)}, which are not arguments.")
        if while_waiting and not once_per:
            raise TypeError(f"{function.__qualname__}: while_waiting needs once_per.")
        task_name = name or f"{function.__module__.removesuffix('.tasks')}.{function.__name__}"
        if not _NAME.fullmatch(task_name):
            raise TypeError(f"{task_name!r} is not a task's name: letters, digits, dots and underscores, at most 128.")
        declared = Task(
            name=task_name,
            queue=queue,
            function=function,
            once_per=tuple(once_per),
            while_waiting=while_waiting,
            leased=leased or outside is not None,
            tracked=tracked,
            outside=outside,
            refused=refused,
            acts_for=acts_for,
            awaited=awaited,
            timeout_s=timeout_s or queue.timeout_s,
            tries=tries or queue.tries,
            origin=f"{function.__module__}.{function.__qualname__}",
            at_once=_at_once(queue.name, task_name, tracked=tracked),
        )
        registry.add(declared)
        return declared

    return declare


# What takes its time while somebody waits: they see how far it is, the next try goes on where this one was killed, the
# same is asked for once, and of what is gone by then nobody hears.
long_task = partial(task, tracked=True, leased=True, while_waiting=True, refused="discard")


def _at_once(queue: str, name: str, *, tracked: bool) -> str:
    # Names are checked when they are declared: nothing in them needs quoting.
    truth = "true" if tracked else "false"
    return f"SELECT platform.jobs_enqueue('{queue}', '{name}', %s::jsonb, %s::jsonb, NULL, 0::smallint, {truth})"


def parameters_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Parameter → its type and default (``...``: it has none). Raises ``TypeError`` where it is no task's."""
    hints = get_type_hints(function)
    fields: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            raise TypeError(f"{function.__qualname__}: {parameter.name} must be keyword-only.")
        if parameter.name in {"run_at", "priority"}:
            raise TypeError(f"{function.__qualname__}: {parameter.name} is an argument of enqueue itself.")
        if parameter.name not in hints:
            raise TypeError(f"{function.__qualname__}: {parameter.name} needs a type.")
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[parameter.name] = (hints[parameter.name], default)
    return fields


@cache
def _payload_model(function: Callable[..., Any]) -> type[pydantic.BaseModel]:
    import pydantic

    # What is no number in JSON would come back as nothing at all.
    config = pydantic.ConfigDict(extra="forbid", arbitrary_types_allowed=False, allow_inf_nan=False)
    model: type[pydantic.BaseModel] = pydantic.create_model(
        function.__name__, __config__=config, **parameters_of(function)
    )
    return model


def _unkept(checked: pydantic.BaseModel) -> list[FieldError]:
    """The fields that the ledger would not give back as they are."""
    message = "Numbers up to 64 bits and texts of whole characters without NUL are kept."
    return [
        FieldError(name, "not_kept", message)
        for name in type(checked).model_fields
        if not all(_is_kept(leaf) for leaf in _leaves(getattr(checked, name)))
    ]


def _leaves(value: Any) -> Iterator[Any]:
    import pydantic

    match value:
        case pydantic.BaseModel():
            yield from _leaves({name: getattr(value, name) for name in type(value).model_fields})
        case dict():
            for name, part in value.items():
                yield from (name, *_leaves(part))
        case list() | tuple() | set() | frozenset():
            for part in value:
                yield from _leaves(part)
        case _:
            yield value


def _is_kept(value: Any) -> bool:
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return not isinstance(value, str) or not _BROKEN.search(value)


def _field_errors(refusal: pydantic.ValidationError) -> list[FieldError]:
    return [
        FieldError(".".join(str(part) for part in where), code, message)
        for where, code, message in (
            (error["loc"], error["type"], error["msg"])
            for error in refusal.errors(include_url=False, include_context=False, include_input=False)
        )
    ]


def _meta() -> str:
    carried = {
        "user": context.user_id.get(),
        "request_id": context.request_id.get(),
        "traceparent": context.traceparent.get(),
    }
    return orjson.dumps({name: value for name, value in carried.items() if value}).decode()


def _delay(run_at: dt.datetime | None) -> dt.timedelta | None:
    # A distance rather than a moment: the ledger goes by the database's clock, which nobody moves.
    if run_at is None:
        return None
    distance = run_at - clock.now()
    return distance if distance > dt.timedelta(0) else None


def _array(texts: list[str]) -> str:
    return f"[{','.join(texts)}]"


def _fetch_one(statement: str, arguments: tuple[Any, ...]) -> int:
    try:
        row = prepared.fetch_one(statement, arguments)
    except DatabaseError as failure:
        _say_why(failure)
        raise
    pipeline.pause_here(pipeline.ENQUEUE)
    return int(row[0]) if row is not None else 0


def _say_why(failure: DatabaseError) -> None:
    """Raises what a refusal of the ledger's functions means, where it means something."""
    cause = failure.__cause__
    if isinstance(cause, psycopg.errors.LockNotAvailable):
        raise TwinInFlight from failure
    if isinstance(cause, psycopg.Error) and cause.sqlstate == FULL_SQLSTATE:
        raise LedgerFull from failure


def _fetch(statement: str, arguments: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, arguments)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
    except DatabaseError as failure:
        _say_why(failure)
        raise
    pipeline.pause_here(pipeline.ENQUEUE)
    return rows
