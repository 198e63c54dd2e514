"""Writes of filters that a person keeps."""

from __future__ import annotations

import re
import unicodedata
from typing import Any
from uuid import UUID

from django.contrib.admin.views.main import ALL_VAR, ERROR_FLAG, IGNORED_PARAMS, ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.db import transaction
from django.http import QueryDict
from django.utils.http import urlencode

from apps.access import services as access
from apps.accounts.models import User
from apps.institutions.services.records import write_change, write_new, write_removal
from apps.office import errors
from apps.office.models import SavedFilter
from apps.office.shell.saved.selectors import saved_filter
from apps.office.shell.site import office

# Where somebody is in a list, and how it is shown: no part of what they look for.
_PASSING = {PAGE_VAR, ALL_VAR, ERROR_FLAG, *IGNORED_PARAMS} - {SEARCH_VAR, ORDER_VAR}
_ORDER = re.compile(r"-?\d{1,2}(\.-?\d{1,2})*")


def kept_of(query: QueryDict) -> str:
    """What of ``query`` a saved filter keeps, in one order, so that the same filters are the same text."""
    kept = sorted((name, sorted(values)) for name, values in query.lists() if name not in _PASSING)
    return urlencode([(name, values) for name, values in kept if name != SEARCH_VAR or any(values)], doseq=True)


def _usable(name: str) -> str:
    said = " ".join(name.split())
    if not 0 < len(said) <= SavedFilter.LONGEST_NAME or any(unicodedata.category(each) == "Cc" for each in said):
        raise errors.FilterNameUnusable(most=SavedFilter.LONGEST_NAME)
    return said


def _accepted(admin: Any, query: str) -> str:
    if len(query) > SavedFilter.LONGEST_QUERY:
        raise errors.FilterTooLong
    kept = kept_of(QueryDict(query))
    if not kept:
        raise errors.NothingToSave
    # Written out it may be longer than it came: what stands for itself in an address is escaped.
    if len(kept) > SavedFilter.LONGEST_QUERY:
        raise errors.FilterTooLong
    for parameter, value in QueryDict(kept).items():
        fits = _ORDER.fullmatch(str(value)) if parameter == ORDER_VAR else admin.accepts(parameter)
        if not fits:
            raise errors.FilterNotOfThisList(parameter=parameter[:60])
    return kept


@transaction.atomic
def save_filter(*, listed: str, name: str, query: str, by: User) -> SavedFilter:
    """Keep ``query`` of the list of ``listed`` (a model's label) for ``by``, under ``name``.

    Raises:
        NoSuchList; PermissionMissing: they may not see that list.
        FilterNameUnusable, NothingToSave, FilterTooLong, FilterNotOfThisList: nothing the list could be asked.
        FilterNameTaken, TooManyFilters.
    """
    admin = office.admin_called(listed)
    if admin is None:
        raise errors.NoSuchList
    access.require(by, admin.sees)
    fields = {"listed": listed, "name": _usable(name)}
    row = SavedFilter(user=by, query=_accepted(admin, query), **fields)
    # Two at once would each count without the other.
    User.objects.select_for_update(of=("self",)).get(pk=by.pk)
    if SavedFilter.objects.filter(user=by, listed=listed).count() >= SavedFilter.MOST:
        raise errors.TooManyFilters(most=SavedFilter.MOST)
    taken = {"saved_filter_name_once": lambda: errors.FilterNameTaken(name=fields["name"])}
    return write_new(row, by=by, explained=taken, after=fields)


@transaction.atomic
def rename_saved_filter(*, id: UUID, name: str, by: User) -> SavedFilter:  # noqa: A002 - the API's word
    """Call one of ``by``'s filters ``name``.

    Raises:
        FilterNotFound, for somebody else's too; FilterNameUnusable, FilterNameTaken.
    """
    row, said = saved_filter(id, by=by), _usable(name)
    taken = {"saved_filter_name_once": lambda: errors.FilterNameTaken(name=said)}
    write_change(row, {"name": said}, by=by, explained=taken)
    return row


@transaction.atomic
def remove_saved_filter(*, id: UUID, by: User) -> SavedFilter:  # noqa: A002 - the API's word
    """Forget one of ``by``'s filters. Raises ``FilterNotFound``, for somebody else's too."""
    row = saved_filter(id, by=by)
    write_removal(row, by=by)
    return row
