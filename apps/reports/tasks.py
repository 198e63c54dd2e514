"""What printing leaves to the queues: long lists and clearing them away, report cards."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from apps.reports import services
from schoolops.queues import NOTIFICATIONS, PLATFORM, REPORTS, long_task, task
from schoolops.queues.schedule import Schedule, schedule


@long_task(
    queue=REPORTS, once_per=("kind", "day", "sections", "language", "by_id"), acts_for="exports.run over section"
)
def print_list(*, kind: str, day: dt.date, sections: list[UUID], language: str, by_id: UUID) -> None:
    """A long list, kept for a day for whoever asked; the next try writes the same file."""
    services.print_and_keep(kind=kind, day=day, sections=sections, language=language, by_id=by_id)


@long_task(queue=REPORTS, once_per=("session", "section", "published_at"), acts_for="cards.publish over section")
def publish_cards(*, session: int, section: int, published_at: dt.datetime, by_id: UUID) -> dict[str, int]:
    """The cards of a section: each printed, then all of them public at once; done twice none is published twice."""
    return {"cards": services.publish_cards(session=session, section=section, published_at=published_at, by_id=by_id)}


@task(queue=PLATFORM, acts_for="the school")
def clear_printed_lists() -> None:
    """Delete the lists that nobody can fetch any more."""
    services.clear_printed_lists()


schedule(Schedule("reports.clear-printed", clear_printed_lists, every=dt.timedelta(hours=6)))


@task(queue=NOTIFICATIONS, leased=True, acts_for="the school")
def tell_of_cards() -> int:
    """Let families be told of report cards that are news; doing it twice tells nobody twice."""
    return services.tell_of_cards()


schedule(Schedule("reports.tell", tell_of_cards, every=dt.timedelta(hours=1)))
