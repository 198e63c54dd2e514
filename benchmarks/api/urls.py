"""The school's addresses, and below ``bare/`` the views they are measured against."""

from __future__ import annotations

from django.urls import path

from benchmarks.api import bare
from config.urls import urlpatterns as ours

urlpatterns = [
    *ours,
    path("bare/students", bare.students),
    path("bare/students/<uuid:student>/attendance", bare.history),
    path("bare/absentees", bare.absentees),
    path("bare/sections/<uuid:section>/roll/<str:day>", bare.roll),
]
