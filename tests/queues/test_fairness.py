"""Whoever comes late waits for a few jobs of each other school, whatever any of them has in the ledger."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from schoolops.queues import NOTIFICATIONS
from schoolops.queues.relay.fairness import Window, merged

SIZE, AHEAD = NOTIFICATIONS.window, NOTIFICATIONS.ahead
SCHOOLS = "abcdef"


@dataclass
class Job:
    """``own_before``: of its school in the same queue when it came; ``begun_before``: of other schools until then."""

    school: str
    number: int
    own_before: int
    begun_before: int


@dataclass
class Model:
    """Ledger, relay, line and workers in memory: ``take`` begins jobs, of which ``at_work`` end in any order."""

    ledger: dict[str, deque[Job]] = field(default_factory=dict)
    line: list[Job] = field(default_factory=list)
    fetched: deque[Job] = field(default_factory=deque)
    at_work: list[Job] = field(default_factory=list)
    numbers: Counter[str] = field(default_factory=Counter)
    begun: list[tuple[Job, int]] = field(default_factory=list)
    begun_by: Counter[str] = field(default_factory=Counter)
    most_out: int = 0

    def begun_of_others(self, school: str) -> int:
        return len(self.begun) - self.begun_by[school]

    def enqueue(self, school: str, jobs: int) -> None:
        backlog = self.ledger.setdefault(school, deque())
        first, others = self.numbers[school], self.begun_of_others(school)
        before = first - self.begun_by[school]
        backlog.extend(Job(school, first + n, before + n, others) for n in range(jobs))
        self.numbers[school] += jobs
        self.turn()

    def turn(self) -> None:
        out = Counter(each.school for each in (*self.line, *self.fetched, *self.at_work))
        self.most_out = max(self.most_out, sum(out.values()))
        waiting = sorted({*out, *(school for school, backlog in self.ledger.items() if backlog)})
        window = Window(SIZE, out, waiting)
        found = sorted(
            (out[school] + place, school)
            for school, room in window.rooms().items()
            for place in range(1, min(room, len(self.ledger.get(school, ()))) + 1)
        )[: window.most()]
        taken = found[: window.given([turn for turn, _ in found])]
        joining = [self.ledger[school].popleft() for _, school in taken]
        self.join(joining)
        while len(self.fetched) < AHEAD and self.line:
            self.fetched.append(self.line.pop(0))

    def join(self, joining: Sequence[Job]) -> None:
        places = merged([{each.school: 1} for each in self.line], [{each.school: 1} for each in joining])
        for shift, (behind, which) in enumerate(places):
            self.line.insert(behind + shift, joining[which])

    def take(self, jobs: int, order: random.Random) -> None:
        for _ in range(jobs):
            if len(self.at_work) >= NOTIFICATIONS.in_flight:
                self.at_work.pop(order.randrange(len(self.at_work)))
                self.turn()
            if self.fetched:
                job = self.fetched.popleft()
                self.begun.append((job, self.begun_of_others(job.school) - job.begun_before))
                self.begun_by[job.school] += 1
                self.at_work.append(job)
                self.turn()


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(SCHOOLS), st.sampled_from([1, 2, 7, 60, 300])),
        st.tuples(st.just(""), st.integers(1, 50)),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(events=EVENTS, seed=st.integers(0, 1_000))
def test_each_job_waits_for_a_few_of_each_other_school_whatever_anybody_has(
    events: list[tuple[str, int]], seed: int
) -> None:
    model, order = Model(), random.Random(seed)
    for school, jobs in events:
        if school:
            model.enqueue(school, jobs)
        else:
            model.take(jobs, order)
    model.take(sum(jobs for school, jobs in events if school), order)
    others = len(SCHOOLS) - 1
    assert [(job, waited) for job, waited in model.begun if waited > AHEAD + others * (job.own_before + 2)] == []
    assert model.most_out <= 2 * SIZE
    for school in SCHOOLS:
        asked = sum(jobs for name, jobs in events if name == school)
        assert [job.number for job, _ in model.begun if job.school == school] == list(range(asked))
