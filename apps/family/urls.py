"""The addresses of the family's pages, in the namespace ``family``."""

from __future__ import annotations

from django.urls import path

from apps.family.pages import asking, child, home, money, notices, sharing

app_name = "family"
urlpatterns = [
    path("", home.home, name="home"),
    path("manifest.webmanifest", home.manifest, name="manifest"),
    path("children/<uuid:child>/", home.child, name="child"),
    path("children/<uuid:child>/attendance/", child.attendance, name="attendance"),
    path("children/<uuid:child>/timetable/", child.timetable, name="timetable"),
    path("children/<uuid:child>/exams/", child.exam_timetable, name="exams"),
    path("children/<uuid:child>/marks/", child.marks, name="marks"),
    path("children/<uuid:child>/report-cards/", child.cards, name="cards"),
    path("children/<uuid:child>/report-cards/<uuid:card>.pdf", child.card, name="card"),
    path("children/<uuid:child>/bills/", money.bills, name="bills"),
    path("children/<uuid:child>/bills/<uuid:invoice>/pay/", money.pay, name="pay"),
    path("children/<uuid:child>/bills/<uuid:invoice>.pdf", money.bill, name="bill"),
    path("children/<uuid:child>/receipts/<uuid:payment>.pdf", money.receipt, name="receipt"),
    path("children/<uuid:child>/statement.pdf", money.statement, name="statement"),
    path("children/<uuid:child>/leave/", asking.leave, name="leave"),
    path("children/<uuid:child>/leave/<uuid:leave>/take-back/", asking.take_back, name="take-back"),
    path("children/<uuid:child>/leave/<uuid:leave>/attachment", asking.attachment, name="attachment"),
    path("children/<uuid:child>/looked/", sharing.looked, name="looked"),
    path("children/<uuid:child>/calendar/", sharing.calendar, name="calendar"),
    path("messages/", notices.notices, name="notices"),
    path("messages/<uuid:message>/", notices.notice, name="notice"),
    path("messages/<uuid:message>/attachment", notices.attachment, name="notice-attachment"),
    path("preferences/", notices.preferences, name="preferences"),
    path("contact/", asking.contact, name="contact"),
    path("calendars/<str:secret>.ics", sharing.feed, name="feed"),
    path("as/<str:token>/", sharing.see_as, name="see-as"),
]
