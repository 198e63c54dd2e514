"""What follows when somebody waits for paper."""

from __future__ import annotations

from apps.reports import tasks
from apps.reports.events import LongListAsked
from schoolops.events import Followed, subscribe


@subscribe(LongListAsked)
def print_it(event: LongListAsked) -> Followed:
    job = tasks.print_list.enqueue(
        kind=event.kind, day=event.day, sections=list(event.sections), language=event.language, by_id=event.by_id
    )
    return Followed("printed-list", 1, job.job_id)
