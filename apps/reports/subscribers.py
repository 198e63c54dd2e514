"""What follows when somebody waits for paper."""

from __future__ import annotations

from apps.reports import tasks
from apps.reports.events import CardsToPublish, LongListAsked
from schoolops.events import Followed, subscribe


@subscribe(LongListAsked)
def print_it(event: LongListAsked) -> Followed:
    job = tasks.print_list.enqueue(
        kind=event.kind, day=event.day, sections=list(event.sections), language=event.language, by_id=event.by_id
    )
    return Followed("printed-list", 1, job.job_id)


@subscribe(CardsToPublish)
def print_and_publish_them(event: CardsToPublish) -> Followed:
    job = tasks.publish_cards.enqueue(
        session=event.session_id, section=event.section_id, published_at=event.published_at, by_id=event.by_id
    )
    return Followed("report-cards", 1, job.job_id)
