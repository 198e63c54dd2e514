"""Photos of students."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.accounts.api.authentication import actor
from apps.institutions.api.views.logos import picture_response
from apps.students import errors, services
from apps.students.api.views.reach import reached_student
from schoolops.api.parsers import PictureParser, sent_picture
from schoolops.api.viewsets import ApiViewSet, gone


class PhotoViewSet(ApiViewSet):
    """A student's photo: for whoever may see the student."""

    asks = {
        "retrieve": "students.view over student",
        "replace": "students.manage over student",
        "remove": "students.manage over student",
    }
    parser_classes = (PictureParser,)

    @extend_schema(summary="A student's photo", responses={(200, "image/*"): bytes})
    def retrieve(self, request: Request, id: UUID) -> HttpResponseBase:
        """The picture."""
        self.asked_for(request)
        student = reached_student(request, id)
        return picture_response(student.photo, none=errors.NoPhoto, public=False)

    @extend_schema(summary="Set the photo", request={"image/*": bytes}, responses={204: None})
    def replace(self, request: Request, id: UUID) -> HttpResponse:
        """Keep the body as the photo: a JPEG, PNG or WebP picture of at most 8 MB."""
        student = reached_student(request, id, *self.sees)
        services.set_photo(student=student, content=sent_picture(request), by=actor(request))
        return gone()

    @extend_schema(summary="Remove the photo", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Forget the photo."""
        services.remove_photo(student=reached_student(request, id, *self.sees), by=actor(request))
        return gone()
