"""Guardians who are told something, and what they were told."""

from __future__ import annotations

from django.core import mail

from apps.attendance import services as attendance
from apps.attendance import tasks as attendance_tasks
from apps.notifications import services
from apps.notifications.models import Channel, Message
from apps.students.models import Guardian, Student, StudentGuardian
from tests.factories.jobs import waiting_jobs


def a_guardian(name: str, *children: Student, phone: str = "", language: str = "", **link: object) -> Guardian:
    """A guardian with an address, linked to ``children``."""
    found = Guardian.objects.create(
        given_name=name, email=f"{name.lower()}@example.org", phone=phone, language=language
    )
    for child in children:
        priority = child.guardian_links.count() + 1
        StudentGuardian.objects.create(student=child, guardian=found, contact_priority=priority, **link)
    return found


def tell_what_rolls_say() -> None:
    """What a worker does with the jobs that rolls left."""
    for job in waiting_jobs("tell_of_day"):
        attendance.tell_of_day(job["students"], attendance_tasks.tell_of_day.arguments(job)["day"])


def deliver() -> None:
    """What workers do, on every channel, with what is due by now."""
    for channel in Channel:
        services.deliver(channel)


def letters() -> list[tuple[str, str]]:
    """Address and subject of each mail that went out, in their order."""
    return [(each.to[0], str(each.subject)) for each in mail.outbox]


def states(**those: object) -> list[tuple[str, str]]:
    """State and reason of each message, by key."""
    rows = Message.objects.filter(**those).order_by("pk")
    return [(row.state, row.reason) for row in rows]
