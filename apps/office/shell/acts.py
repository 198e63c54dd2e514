"""Things done with one row, each on a page that asks what it needs, does it over a service, and says what happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise

from apps.access import services as access
from apps.accounts.models import User
from apps.office.shell.forms import ActForm, NoQuestions
from apps.office.shell.pages import render_page
from apps.office.shell.permitted import Permitted
from apps.office.shell.saved.admin import SavesFilters
from apps.office.shell.site import actor
from schoolops.errors import SchoolOpsError

Words = str | Promise
Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Once:
    """Facts that are shown this once, such as a link: label → value. ``way``: words and address of what to do next."""

    title: Words
    facts: Mapping[Words, str]
    way: tuple[Words, str] | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """Something done with one row, on a page that asks what it needs.

    ``do(row, what was said, by)`` calls a service and answers with a sentence, or with facts to show once.
    """

    name: str
    title: Words
    permission: str
    do: Callable[[Any, Fields, User], Words | Once]
    form: type[ActForm] = NoQuestions
    applies: Callable[[Any], bool] = lambda _row: True
    explanation: Words = ""


def does(service: Callable[..., Any], row: str, said: Words, *takes: str) -> Callable[[Any, Fields, User], Words]:
    """Call ``service(<row>=…, <takes>=…, by=…)`` and say ``said``, in which ``%(name)s`` is the row."""

    def do(held: Any, asked: Fields, by: User) -> Words:
        service(**{row: held, **{name: asked[name] for name in takes}}, by=by)
        return str(said) % {"name": held}

    return do


def show_once(
    request: HttpRequest, once: Once, *, back: str, page: Callable[..., HttpResponse] = render_page
) -> HttpResponse:
    """The page that shows ``once``; no browser keeps it. ``page`` renders it in the frame of its site."""
    context = {"facts": dict(once.facts), "way": once.way, "back": back}
    shown = page(request, "office/shell/once.html", context, title=once.title)
    shown.headers["Cache-Control"] = "no-store"
    return shown


class ActsOnRows(Permitted, SavesFilters):
    """A model admin with ``acts`` above the form of a row."""

    acts: ClassVar[tuple[Act, ...]] = ()

    def page(self, request: HttpRequest, template: str, context: Fields, *, title: Words) -> HttpResponse:
        """A page of this site."""
        return render_page(request, template, context, title=title)

    def _require(self, request: HttpRequest, code: str) -> None:
        access.require(actor(request), code)

    def acts_on(self, request: HttpRequest, row: Any) -> list[Act]:
        """What whoever asks may do with ``row`` now."""
        return [act for act in self.acts if self._holds(request, act.permission) and act.applies(row)]

    def ways_from(self, request: HttpRequest, row: Any) -> list[dict[str, Any]]:
        """Titles and addresses of what can be done with ``row``, above its form."""
        return [
            {"title": act.title, "address": self._address(row, "act", act.name)} for act in self.acts_on(request, row)
        ]

    def _name(self, what: str) -> str:
        """The name of one of this admin's addresses."""
        return f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_{what}"

    def _address(self, row: Any, what: str, *more: str) -> str:
        return reverse(self._name(what), args=(row.pk, *more))

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_act"
        act = path("<path:object_id>/act/<slug:act>/", self.admin_site.admin_view(self.act_view), name=name)
        return [act, *super().get_urls()]

    def act_view(self, request: HttpRequest, object_id: str, act: str) -> HttpResponse:
        """The page of one act: asks, does, and says what happened."""
        row = self.get_object(request, unquote(object_id))
        found = next((each for each in self.acts if each.name == act), None)
        if row is None or found is None:
            raise Http404
        by = actor(request)
        self._require(request, found.permission)
        posted = request.method == "POST"
        form = found.form(row, by, request.POST if posted else None, request.FILES if posted else None)
        back = (
            self._address(row, "change")
            if self.has_view_permission(request, row)
            else reverse(f"{self.admin_site.name}:index")
        )
        if posted and form.is_valid():
            try:
                with transaction.atomic():
                    said = found.do(row, form.cleaned_data, by)
            except SchoolOpsError as error:
                form.refused(error)
            else:
                if isinstance(said, Once):
                    return show_once(request, said, back=back, page=self.page)
                messages.success(request, str(said))
                return HttpResponseRedirect(back)
        context: dict[str, Any] = {"form": form, "row": row, "act": found, "back": back}
        asked = self.page(request, "office/shell/act.html", context, title=found.title)
        asked.status_code = 422 if posted else 200
        return asked
