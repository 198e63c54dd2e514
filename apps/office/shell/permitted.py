"""Our permission codes and row scopes in the place of Django's, and inlines that only show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.forms import PaginationInlineFormSet

from apps.access import selectors
from apps.access import services as access
from apps.accounts.models import User
from apps.institutions.models import CourseClass, Section
from apps.office.shell.fields import whole_number
from apps.office.shell.rooms import Words
from apps.office.shell.site import actor, somebody
from apps.office.shell.words import speak
from apps.students.models import Student
from schoolops.privacy import refuse_private

if TYPE_CHECKING:
    _Inline = admin.TabularInline[Any, Any]
else:
    _Inline = TabularInline

_SCOPED: dict[str, type[Model]] = {"student": Student, "section": Section, "class": CourseClass}


class Permitted:
    """Our permission codes and row scopes in the place of Django's."""

    sees: ClassVar[str]
    # The kind of rows a scope is over, and the path from this model to one; none: the permission alone decides.
    scope: ClassVar[tuple[selectors.Kind, str] | None] = None
    # Where no such path leads there: over what the permission is held (``access.permissions.OVER``).
    over: ClassVar[str] = ""
    # Joined always, so that a page costs the same for one row as for fifty.
    joined: ClassVar[tuple[str, ...]] = ()

    def _holds(self, request: HttpRequest, code: str) -> bool:
        by = somebody(request)
        # The login page asks too, for nobody.
        return bool(code) and isinstance(by, User) and code in selectors.permissions_of(by)

    def _holds_over(self, request: HttpRequest, code: str, row: Any) -> bool:
        """Whether whoever asks holds ``code`` over this very row: a second role may reach further than the first."""
        return self.within(request, type(row)._default_manager.filter(pk=row.pk), code).exists()

    def reached(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Those of ``rows`` that whoever asks may see."""
        return self.within(request, rows, self.sees)

    def within(self, request: HttpRequest, rows: QuerySet[Any], code: str) -> QuerySet[Any]:
        """Those of ``rows`` over which whoever asks holds ``code``."""
        if not self._holds(request, code):
            return rows.none()
        if self.scope is None:
            return rows
        kind, through = self.scope
        by = actor(request)
        reach = selectors.rows_in_reach(by, code, kind, day=access.today(by))
        if reach is None:
            return rows.none()
        if reach == Q():
            return rows
        within = _SCOPED[kind]._default_manager.filter(reach)
        return rows.filter(reach) if not through else rows.filter(**{f"{through}__in": within.values("pk")})


class _Shown(PaginationInlineFormSet):  # type: ignore[misc]
    """Takes nothing from what was sent: a form that was made up cannot write through it."""

    new_objects = changed_objects = deleted_objects = ()

    def __init__(self, data: Any = None, files: Any = None, **more: Any) -> None:
        super().__init__(data=None, files=None, **more)

    def is_valid(self) -> bool:
        return True

    def get_page_num(self) -> int:
        # unfold's own takes ² for a number, and breaks over it.
        return whole_number(self.request.GET.get(self.get_pagination_key(), "")) or 1


class ReadOnlyInline(Permitted, _Inline):
    """Rows that belong to another, to be read. What can be done with one stands on its own page."""

    # What columns are called here, of which no model that has a page of its own is about.
    words: ClassVar[Mapping[str, Words]] = {}
    _spoken: ClassVar[set[type[Model]]] = set()

    def __init__(self, parent_model: type[Model], admin_site: Any) -> None:
        super().__init__(parent_model, admin_site)
        if self.model not in self._spoken and not admin_site.is_registered(self.model):
            # Where it has no admin, nobody else says what its columns are called.
            self._spoken.add(self.model)
            for field in self.opts.concrete_fields:
                speak(field, self.words)

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        refuse_private(cls.__qualname__, cls.fields or ())

    formset = _Shown
    # A row costs 8 ms to draw: of two hundred at once a request would be at it for over a second.
    per_page = 50
    extra = 0
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields or ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = self.reached(request, super().get_queryset(request).select_related(*self.joined))
        return rows if rows.ordered else rows.order_by("pk")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._holds(request, self.sees)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
