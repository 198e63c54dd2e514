"""Addresses."""

from apps.timetable.api import views
from schoolops.api.viewsets import routes

urlpatterns = [
    *routes("periods", views.PeriodViewSet),
    *routes("meetings", views.MeetingViewSet),
]
