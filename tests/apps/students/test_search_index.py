"""The search box reads an index, not the table."""

from __future__ import annotations

from collections.abc import Callable

from psycopg import sql

from apps.institutions.models import Institution
from apps.students.models import Student
from apps.students.selectors import matching
from schoolops.context import inside
from schoolops.tenancy import owner
from schoolops.tenancy.models import School
from tests.factories.people import some_students


def test_search_is_served_by_its_index(fresh_school: Callable[..., School]) -> None:
    school = fresh_school()
    with inside(school):
        # Among a handful of rows any plan would do, and without statistics the planner takes them for a handful.
        some_students(2000, institution=Institution.objects.create(name="Large", code="L"))
        with owner.owner_connection() as owning:
            owning.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(school.schema_name, "students_student")))
        found = Student.objects.filter(matching("zzqx"), merged_into__isnull=True).order_by("family_name").values("pk")
        assert "student_search" in found.explain()
