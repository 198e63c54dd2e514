"""What of exams waits for somebody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import ngettext

from apps.access.selectors import permissions_of
from apps.accounts.models import User
from apps.examinations.selectors import number_to_mark
from apps.office.shell.rooms import Waiting


def waiting(by: User, day: dt.date) -> Iterator[Waiting]:
    """The papers that were sat and that marks are missing of."""
    if "marks.enter" in permissions_of(by):
        number = number_to_mark(by=by, day=day)
        words = ngettext("%d paper to mark", "%d papers to mark", number) % number
        yield Waiting("papers-to-mark", number, words, reverse("office:to-mark"))
