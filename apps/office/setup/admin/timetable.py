"""The periods of a day, and when classes meet."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy
from unfold import widgets

from apps.office.setup.pages.countries import WEEKDAYS
from apps.office.shell.base import ServiceAdmin, adds, changes, removes
from apps.office.shell.forms import ServiceForm
from apps.office.shell.site import office
from apps.timetable import services
from apps.timetable.models import Meeting, Period


class PeriodForm(ServiceForm):
    """A period of the day."""

    refusals: ClassVar[Any] = {"timetable:period-taken": "name", "timetable:period-ends-before-start": "ends_at"}


@admin.register(Period, site=office)
class PeriodAdmin(ServiceAdmin):
    """“Period 3”, 10:05 to 10:50, in the campus's own time."""

    one, many = gettext_lazy("period"), gettext_lazy("periods")
    none = gettext_lazy(
        "The day has no periods yet. Add them for rolls by lesson, or leave it: then a day has one roll."
    )
    sees, manages = "sections.view", "sections.manage"
    over = "everybody"
    joined = ("institution",)
    only_at_first = ("institution",)
    form = PeriodForm
    add = adds(services.add_period, "institution")
    change = changes(services.change_period, "period")
    one_at_a_time = "Their times follow one another."
    remove = removes(services.remove_period, "period")
    fields = ("institution", "name", "position", "starts_at", "ends_at")
    list_display = ("name", "position", "starts_at", "ends_at", "institution")
    list_filter = ("institution",)


class MeetingForm(ServiceForm):
    """When a class meets: the weekday by its name."""

    weekday = forms.TypedChoiceField(
        label=gettext_lazy("weekday"), choices=WEEKDAYS, coerce=int, widget=widgets.UnfoldAdminSelectWidget
    )
    refusals: ClassVar[Any] = {
        "timetable:period-elsewhere": "period",
        "timetable:meets-already": "period",
        "timetable:meeting-ends-before-start": "ends_on",
        "timetable:not-in-year": "starts_on",
        "timetable:meeting-began": "starts_on",
    }


@admin.register(Meeting, site=office)
class MeetingAdmin(ServiceAdmin):
    """When a class meets."""

    one, many = gettext_lazy("meeting of a class"), gettext_lazy("meetings of classes")
    none = gettext_lazy("The timetable is empty. Say in which period on which weekday a class meets.")
    listed_as = gettext_lazy("Timetable")
    sees, manages = "sections.view", "sections.manage"
    scope = ("class", "course_class")
    joined = ("course_class", "period")
    only_at_first = ("course_class",)
    autocomplete_fields = ("course_class",)
    form = MeetingForm
    add = adds(services.add_meeting, "course_class")
    change = changes(services.change_meeting, "meeting")
    one_at_a_time = "Each stands at a time of its own; the timetable is set up as a whole."
    remove = removes(services.remove_meeting, "meeting")
    fields = ("course_class", "weekday", "period", "room", "starts_on", "ends_on")
    list_display = ("course_class", "weekday_name", "period", "room", "starts_on", "ends_on")
    list_filter = ("period",)
    search_fields = ("course_class__title", "course_class__code")

    @admin.display(description=gettext_lazy("weekday"), ordering="weekday")
    def weekday_name(self, row: Meeting) -> Any:
        return dict(WEEKDAYS)[row.weekday]
