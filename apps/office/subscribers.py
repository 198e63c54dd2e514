"""Who changes many rows of a list once somebody has asked for it."""

from __future__ import annotations

from apps.office import tasks
from apps.office.events import ListChangeDue
from schoolops.events import Followed, subscribe


@subscribe(ListChangeDue)
def change_the_rows(event: ListChangeDue) -> Followed:
    return Followed("list-changes", 1, tasks.change_list.enqueue(change=event.change_id).job_id)
