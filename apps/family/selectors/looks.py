"""Who looked at a child's data, and worked on it, as the trail says."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q

from apps.family.selectors.children import Child
from apps.institutions.models import Section
from apps.students.models import SectionMembership, Student
from schoolops.audit.models import AuditEntry
from schoolops.audit.trail import object_id

# As many lines as a page shows, of as many days.
MOST, DAYS = 100, 365


def trail_of_child(child: Child) -> list[AuditEntry]:
    """What was done to a child and what was printed of their sections in a year, newest first. Two statements."""
    since = child.today - dt.timedelta(days=DAYS)
    members = list(SectionMembership.objects.filter(student=child.student).select_related("section__year"))
    lists = Q(pk__in=[])
    for each in members:
        lists |= Q(object_id=object_id(each.section), at__date__gte=each.starts_on, at__date__lt=each.until)
    printed = Q(lists, object_type=Section._meta.label_lower, action="office.list-printed")
    own = Q(object_type=Student._meta.label_lower, object_id=object_id(child.student))
    return list(AuditEntry.objects.filter(own | printed, at__date__gte=since).order_by("-id")[:MOST])
