"""The list of clubs."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.utils.translation import gettext_lazy

from apps.office.shell.base import ServiceAdmin
from apps.office.shell.site import office
from tests.apps.office.clubs.models import Club


@admin.register(Club, site=office)
class ClubAdmin(ServiceAdmin):
    """Clubs, to be read."""

    one, many = gettext_lazy("club"), gettext_lazy("clubs")
    sees = "clubs.view"
    words: ClassVar[Any] = {"meets_in": gettext_lazy("where it meets")}
    fields = ("name", "meets_in")
    list_display = ("name", "meets_in")
    search_fields = ("name",)
