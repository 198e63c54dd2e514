"""The operators' addresses, outside all schools."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from apps.accounts.api.urls import OWN
from apps.office.urls import OUTSIDE
from config.assets import assets
from schoolops.queues.admin import operators

handler400 = "schoolops.api.errors.bad_request"
handler403 = "schoolops.api.errors.permission_denied"
handler404 = "schoolops.api.errors.page_not_found"
handler500 = "schoolops.api.errors.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="operators-login")),
    # The description of the API is the same for every school.
    path("api/v1/", include("schoolops.api.documents")),
    # Operators log in here; none of a school's addresses knows them.
    path("api/v1/", include(OWN)),
    *OUTSIDE,
    path("operators/", operators.urls),
    *assets(),
]
