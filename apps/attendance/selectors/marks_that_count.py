"""Which marks count: one condition, for deriving days and for whoever shows a mark."""

from __future__ import annotations

from django.db.models import BooleanField, OuterRef, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from apps.attendance.models import DailyAttendance

# A mark counts on a day of school, in a period that is held that day, of a student who is on the books then: in some
# section of the roll's campus (a student who was moved keeps what the old section's roll says), or in the class whose
# roll it is. Of a record that was merged, the kept one's places count too, and its mark only where no roll of the day
# says anything of the kept one. In SQL over attendance_attendancerecord.
COUNTS = """
EXISTS (
    SELECT FROM attendance_attendancesession s
      JOIN institutions_institution i ON i.id = s.institution_id
      LEFT JOIN institutions_calendarday d ON d.institution_id = s.institution_id AND d.day = s.day
      LEFT JOIN timetable_period p ON p.id = s.period_id
      -- OFFSET 0: looked up. The planner would read all classes, or all sections, anew for each mark.
      LEFT JOIN LATERAL (SELECT section_id, year_id FROM institutions_courseclass
                          WHERE id = s.course_class_id OFFSET 0) k ON true
     CROSS JOIN LATERAL (
           SELECT ARRAY[st.id, st.merged_into_id] AS records FROM students_student st
            WHERE st.id = attendance_attendancerecord.student_id) child
     WHERE s.id = attendance_attendancerecord.session_id
       AND NOT EXISTS (
           SELECT FROM attendance_attendancerecord kept
            WHERE kept.student_id = child.records[2] AND kept.day = attendance_attendancerecord.day)
       AND CASE WHEN d.kind IS NULL THEN NOT EXTRACT(isodow FROM s.day)::int = ANY(i.weekend)
                ELSE d.kind NOT IN ('holiday', 'closure') END
       AND (p.id IS NULL OR d.kind IS DISTINCT FROM 'timing-change'
            OR (p.starts_at < d.ends_at AND p.ends_at > d.starts_at))
       AND (((s.section_id IS NOT NULL OR k.section_id IS NOT NULL) AND EXISTS (
                SELECT FROM (SELECT m.section_id, m.ends_on FROM students_sectionmembership m
                              WHERE m.student_id = ANY(child.records) AND m.starts_on <= s.day OFFSET 0) m
                 CROSS JOIN LATERAL (SELECT h.institution_id, y.ends_on FROM institutions_section h
                                       JOIN institutions_academicyear y ON y.id = h.year_id
                                      WHERE h.id = m.section_id OFFSET 0) h
                 WHERE h.institution_id = s.institution_id AND COALESCE(m.ends_on, h.ends_on + 1) > s.day))
            OR EXISTS (
                SELECT FROM students_classenrolment e JOIN institutions_academicyear y ON y.id = k.year_id
                 WHERE e.student_id = ANY(child.records) AND e.course_class_id = s.course_class_id
                   AND e.starts_on <= s.day AND COALESCE(e.ends_on, y.ends_on + 1) > s.day)))
"""


def counts() -> RawSQL:
    """Whether a mark counts, for a query over ``AttendanceRecord``."""
    return RawSQL(COUNTS, (), output_field=BooleanField())  # noqa: S611 - a constant


def day_counts_as() -> Subquery:
    """What the day of a mark's child counts as, for a query over ``AttendanceRecord``."""
    child = Coalesce(OuterRef("student__merged_into"), OuterRef("student"))
    return Subquery(DailyAttendance.objects.filter(student=child, day=OuterRef("day")).values("state")[:1])
