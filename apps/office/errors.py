"""What the office's own pages refuse."""

from __future__ import annotations

from schoolops.errors import Conflict, Invalid, NotFound


class NoSuchList(NotFound):
    """The office has no list by that name."""

    code = "office:no-such-list"


class FilterNotFound(NotFound):
    """You have no such saved filter."""

    code = "office:filter-not-found"


class FilterNameUnusable(Invalid):
    """A saved filter needs a name of 1 to {most} characters."""

    code = "office:filter-name-unusable"


class FilterNameTaken(Conflict):
    """You already have a filter called {name} on this list."""

    code = "office:filter-name-taken"
    field = "name"
    remedy = "Choose another name, or remove the other filter first."


class NothingToSave(Invalid):
    """This list is not searched, filtered or sorted."""

    code = "office:nothing-to-save"
    remedy = "Search, filter or sort the list first, and save what you then see."


class FilterTooLong(Invalid):
    """This search is too long to be saved."""

    code = "office:filter-too-long"


class FilterNotOfThisList(Invalid):
    """This list cannot be filtered by {parameter}."""

    code = "office:filter-not-of-this-list"


class TooManyFilters(Conflict):
    """You have {most} saved filters on this list, and more are not kept."""

    code = "office:too-many-filters"
    remedy = "Remove one that you no longer use."


class NoCampusYet(Conflict):
    """This school has no campus yet."""

    code = "office:no-campus-yet"
    remedy = "Whoever sets the school up makes one under First steps."


class TooManyAtOnce(Invalid):
    """These are more than {most}, and so many are changed at once at most."""

    code = "office:too-many-at-once"
    remedy = "Filter the list further, and change it part by part."


class AskedNoLonger(Conflict):
    """What was asked of these rows is not possible any more."""

    code = "office:asked-no-longer"
    remedy = "Look at the list again, and say anew what is to change."


class ChangedSinceYouLooked(Conflict):
    """Somebody changed this after you looked."""

    code = "office:changed-since-you-looked"
    remedy = "Look at it again; it was left as it is."
