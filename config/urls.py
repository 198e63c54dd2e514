"""A school's addresses."""

from __future__ import annotations

from django.urls import include, path
from django.views.generic import RedirectView

from apps.notifications.api import hooks
from config.assets import assets

handler400 = "schoolops.api.errors.bad_request"
handler403 = "schoolops.api.errors.permission_denied"
handler404 = "schoolops.api.errors.page_not_found"
handler500 = "schoolops.api.errors.server_error"

API = [
    # Each address is looked for from the top: what most ask for of a morning stands first.
    path("", include("apps.accounts.api.urls")),
    path("", include("apps.access.api.urls")),
    path("", include("apps.institutions.api.urls")),
    path("", include("apps.attendance.api.urls")),
    path("", include("apps.students.api.urls")),
    path("", include("schoolops.api.documents")),
    path("", include("apps.staff.api.urls")),
    path("", include("apps.notifications.api.urls")),
    path("", include("apps.timetable.api.urls")),
    path("", include("apps.examinations.api.urls")),
    path("", include("apps.fees.api.urls")),
    path("", include("apps.exchange.api.urls")),
    path("", include("schoolops.api.jobs")),
    path("", include("apps.reports.api.urls")),
    path("", include("apps.family.api.urls")),
]

urlpatterns = [
    # The address that a school hands around. The login knows where the day of who is logged in begins.
    path("", RedirectView.as_view(pattern_name="office:login")),
    path("api/v1/", include(API)),
    # The path the reference system used; the same views.
    path("api/v1/tenant/", include((API, "tenant"))),
    path("hooks/sms", hooks.sms),
    path("hooks/mail", hooks.mail),
    path("family/", include("apps.family.urls")),
    path("", include("apps.office.urls")),
    *assets(),
]
