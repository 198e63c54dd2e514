"""From picked jobs to the broker's lists: which jobs a message carries, and where in its list it is put."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import redis

from schoolops.queues import message, registry
from schoolops.queues.message import Mode
from schoolops.queues.registry import QUARANTINE_KEY, QUEUES, Queue
from schoolops.queues.relay import fairness

# Celery spends as much on a message as a short job takes.
MOST_TOGETHER = 8


@dataclass(slots=True)
class Published:
    """One job that is out: when to look again, how often it was published, when it was last known to be in line."""

    queue: str
    school: str
    task: str
    crashes: int
    due: float = 0.0
    times: int = 0
    in_line_at: float = 0.0

    @property
    def broker_key(self) -> str:
        """The list in the broker that the job goes to."""
        return QUARANTINE_KEY if self.crashes else self.row.broker_key

    @property
    def row(self) -> Queue:
        """Its queue's row in the table."""
        return QUEUES.get(self.queue, registry.PLATFORM)

    @property
    def timeout_s(self) -> int:
        task = registry.find(self.task)
        return task.timeout_s if task is not None else self.row.timeout_s

    @property
    def mode(self) -> Mode:
        task = registry.find(self.task)
        if task is not None and task.leased:
            return Mode.LEASED
        return Mode.DURABLE if self.row.durable_commit else Mode.ONE_TRANSACTION


@dataclass(frozen=True, slots=True)
class Message:
    """What goes into a list, and how many jobs of each school it carries."""

    text: str
    jobs: Mapping[str, int]


def by_list(wanted: Iterable[tuple[int, Published]]) -> dict[str, list[tuple[int, Published]]]:
    """These jobs by the list they go to."""
    lists: dict[str, list[tuple[int, Published]]] = defaultdict(list)
    for job_id, entry in wanted:
        lists[entry.broker_key].append((job_id, entry))
    return lists


def put(
    client: redis.Redis,
    key: str,
    jobs: Sequence[tuple[int, Published]],
    out: Mapping[int, Published],
    slow: Mapping[str, Collection[str]],
) -> None:
    """Put these jobs into their list, each school's in the order given, and the schools in turns.

    Args:
        out: what was published before and has come to no end.
        slow: by queue, the schools that go behind the others.

    Raises:
        BrokerUnavailable: perhaps some of them stand there; twice does no harm.
    """
    messages = _messages(key, jobs)
    others = {entry.school for entry in out.values() if entry.broker_key == key}
    if len(others.union(*(each.jobs for each in messages))) > 1:
        _join(client, key, messages, out, slow.get(key.removeprefix("jobs."), ()))
    else:
        client.lpush(key, *(each.text for each in messages))


def _messages(key: str, jobs: Sequence[tuple[int, Published]]) -> list[Message]:
    """The messages for these jobs, by the first job of each.

    Jobs with the same limits come together, unless they may take long: of one school, or of several that have few.
    """
    terms = Counter(_terms(entry) for _, entry in jobs)
    by_school = Counter((_terms(entry), entry.school) for _, entry in jobs)
    filling: dict[tuple[object, str], list[tuple[int, Published]]] = {}
    messages: list[list[tuple[int, Published]]] = []
    for job_id, entry in jobs:
        its_terms = _terms(entry)
        together = 1 if entry.mode is Mode.LEASED else _together(key, terms[its_terms])
        mixes = by_school[its_terms, entry.school] < together
        group = (its_terms, "" if mixes else entry.school)
        if len(filling.get(group, ())) in {0, together}:
            filling[group] = []
            messages.append(filling[group])
        filling[group].append((job_id, entry))
    return [_message(key, each) for each in messages]


def _message(key: str, jobs: Sequence[tuple[int, Published]]) -> Message:
    first = jobs[0][1]
    text = message.build(
        [job_id for job_id, _ in jobs],
        task=first.task,
        broker_key=key,
        timeout_s=first.timeout_s,
        mode=first.mode,
    )
    return Message(text, Counter(entry.school for _, entry in jobs))


def _terms(entry: Published) -> tuple[int, Mode]:
    return entry.timeout_s, entry.mode


def _together(key: str, jobs: int) -> int:
    """How many jobs a message carries: one, unless so many wait that every worker has several in any case.

    A suspect always comes alone, and so do long jobs.
    """
    queue = QUEUES.get(key.removeprefix("jobs."))
    if queue is None or queue.timeout_s > registry.SHORT_S:
        return 1
    return max(1, min(MOST_TOGETHER, jobs // queue.width))


def _join(
    client: redis.Redis, key: str, messages: Sequence[Message], out: Mapping[int, Published], slow: Collection[str]
) -> None:
    """Put each message behind the one it comes after; in front of all, where that has been fetched meanwhile."""
    # The next to be fetched is the last of the list.
    line: list[Any] = client.lrange(key, 0, -1)[::-1]
    standing = [Counter(out[job].school for job in message.jobs_in(text) if job in out) for text in line]
    before: dict[int, list[str]] = defaultdict(list)
    for behind, which in fairness.merged(standing, [each.jobs for each in messages], slow):
        before[behind].append(messages[which].text)
    last = before.pop(len(line), [])
    first = before.pop(0, [])
    pipe = client.pipeline(transaction=False)
    if last:
        pipe.lpush(key, *last)
    joined = []
    for behind, texts in before.items():
        for ahead, text in zip([line[behind - 1], *texts], texts, strict=False):
            pipe.linsert(key, "BEFORE", ahead, text)
            joined.append(text)
    answers = pipe.execute()[bool(last) :]
    first += [text for text, length in zip(joined, answers, strict=True) if length <= 0]
    if first:
        client.rpush(key, *reversed(first))
