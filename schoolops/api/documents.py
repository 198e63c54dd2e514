"""``/api/v1/schema`` and ``/api/v1/docs``: the description of the API, readable without the internet."""

from __future__ import annotations

from contextlib import nullcontext
from functools import cache

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.cache import patch_cache_control
from drf_spectacular.generators import SchemaGenerator

from schoolops.api import errors
from schoolops.resilience import heavy

READING = ("GET", "HEAD")
# Swagger UI sets styles and draws its icons from data addresses; it asks our own API only.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; connect-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@cache
def described() -> bytes:
    """The OpenAPI document, made once per process."""
    document = SchemaGenerator(urlconf="config.urls").get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return orjson.dumps(document, default=str, option=orjson.OPT_NON_STR_KEYS)


def schema(request: HttpRequest) -> HttpResponse:
    """The OpenAPI 3.1 document. The same for every school and everybody. Raises ``Busy`` while it is not made yet."""
    if request.method not in READING:
        return errors.not_allowed(request, READING)
    with nullcontext() if described.cache_info().currsize else heavy.working():
        document = described()
    answer = HttpResponse(document, content_type="application/vnd.oai.openapi+json;version=3.1")
    patch_cache_control(answer, public=True, max_age=300)
    return answer


def docs(request: HttpRequest) -> HttpResponse:
    """Swagger UI on that document, from our own static files."""
    if request.method not in READING:
        return errors.not_allowed(request, READING)
    page = render(request, "api/docs.html", {"schema_url": reverse("api-schema")})
    page.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return page


urlpatterns: list[URLPattern] = [path("schema", schema, name="api-schema"), path("docs", docs, name="api-docs")]
