"""Logos, and how any stored picture is served."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from django.http import FileResponse, HttpResponse, HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.institutions import errors, services
from apps.institutions.api.views.institutions import institution_of
from apps.institutions.models import Institution
from schoolops.api.parsers import PictureParser, sent_picture
from schoolops.api.viewsets import ApiViewSet, gone
from schoolops.errors import SchoolOpsError
from schoolops.pictures import MEDIA_TYPES


def picture_response(stored: Any, *, none: type[SchoolOpsError], public: bool) -> HttpResponseBase:
    """A stored picture: its real type, never guessed by the browser, never run. Raises ``none`` where there is none."""
    try:
        suffix, file = PurePosixPath(stored.name or "").suffix, stored.open("rb")
    except (ValueError, FileNotFoundError) as missing:
        # Not there, or replaced between our reading the row and opening what it named.
        raise none from missing
    response = FileResponse(file, content_type=MEDIA_TYPES[suffix])
    headers = {
        "Content-Disposition": f'inline; filename="picture{suffix}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "public, max-age=300" if public else "private, no-store",
    }
    for name, value in headers.items():
        response.headers[name] = value
    return response


class LogoViewSet(ApiViewSet):
    """An institution's logo. Everybody sees it, for the login page shows it; changing it asks who it is."""

    asks = {
        "replace": "institutions.manage over campus",
        "remove": "institutions.manage over campus",
    }
    parser_classes = (PictureParser,)

    def get_permissions(self) -> Sequence[Any]:
        return () if self.action == "retrieve" else super().get_permissions()

    @extend_schema(summary="An institution's logo", responses={(200, "image/*"): bytes}, auth=[])
    def retrieve(self, request: Request, id: UUID) -> HttpResponseBase:
        """The picture. Needs no login."""
        self.asked_for(request)
        institution = Institution.objects.filter(sourced_id=id).exclude(logo="").first()
        if institution is None:
            raise errors.NoLogo
        return picture_response(institution.logo, none=errors.NoLogo, public=True)

    @extend_schema(summary="Set the logo", request={"image/*": bytes}, responses={204: None})
    def replace(self, request: Request, id: UUID) -> HttpResponse:
        """Keep the body as the logo: a JPEG, PNG or WebP picture of at most 8 MB."""
        services.set_logo(institution=institution_of(request, id), content=sent_picture(request), by=request.user)
        return gone()

    @extend_schema(summary="Remove the logo", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Forget the logo."""
        services.remove_logo(institution=institution_of(request, id), by=request.user)
        return gone()
