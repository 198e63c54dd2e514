"""A list of students to try the base of every view on."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat
from django.http import HttpResponseBase
from rest_framework import serializers
from rest_framework.request import Request

from apps.institutions.models import Institution
from apps.students.models import Student
from config.urls import handler400, handler403, handler404, handler500
from schoolops.api import parameters, versions
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import RowViewSet, answer, created, gone, routes, valid, with_version

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


class PupilIn(serializers.Serializer[Any]):
    """What a pupil is made of."""

    given_name = serializers.CharField(max_length=20)
    admission_number = serializers.CharField(max_length=20)


class PupilViewSet(RowViewSet):
    """Pupils of tests."""

    permission_classes = ()
    authentication_classes = ()
    export_name = "pupils"
    columns = {
        "id": "sourced_id",
        "given_name": "given_name",
        "family_name": "family_name",
        "full_name": Concat("given_name", Value(" "), "family_name"),
        "birth_date": "birth_date",
        "institution_id": "institution__sourced_id",
        "version": "version",
    }
    detail_columns = {"middle_name": "middle_name"}
    sorts = {
        "name": ("family_name", "given_name", "id"),
        "-name": ("-family_name", "-given_name", "-id"),
        "mixed": ("family_name", "-id"),
    }
    filters = {
        "institution_id": Parameter(parameters.public_id, "institution__sourced_id"),
        "sex": Parameter(parameters.one_of(("male", "female")), "sex"),
        "q": Parameter(parameters.text, lambda q: Q(given_name__icontains=q)),
    }

    def rows(self) -> QuerySet[Any]:
        return Student.objects.kept()

    def create(self, request: Request) -> HttpResponseBase:
        sent = valid(PupilIn, request.data)
        pupil = Student.objects.create(institution=Institution.objects.get(), **sent)
        return created(request, self.row(Q(pk=pupil.pk)))

    def change(self, request: Request, id: Any) -> HttpResponseBase:
        version = versions.expected(request)
        return with_version({"version": -1 if version is None else version})

    def remove(self, request: Request, id: Any) -> HttpResponseBase:
        return gone() if request.query_params else answer(None)


urlpatterns = routes("pupils", PupilViewSet)
