"""What the schools that exist were offered when they were made: it is not offered a second time."""

from django.db import migrations

OFFERED = {
    "head": (
        "institutions.view",
        "institutions.manage",
        "sections.view",
        "sections.manage",
        "students.view",
        "students.view_medical",
        "students.view_custody",
        "guardians.view",
        "staff.view",
        "staff.manage",
        "attendance.view",
        "attendance.mark",
        "attendance.lock",
        "attendance.configure",
        "leave.request",
        "leave.decide",
        "accounts.view",
        "access.view",
        "audit.view",
        "imports.view",
        "exports.run",
    ),
    "registrar": (
        "institutions.view",
        "sections.view",
        "sections.manage",
        "students.view",
        "students.manage",
        "students.merge",
        "students.view_medical",
        "students.view_custody",
        "guardians.view",
        "guardians.manage",
        "staff.view",
        "staff.manage",
        "attendance.view",
        "attendance.mark",
        "attendance.desk",
        "leave.request",
        "leave.decide",
        "accounts.view",
        "accounts.manage",
        "imports.view",
        "imports.run",
        "exports.roster",
        "exports.run",
    ),
    "teacher": (
        "institutions.view",
        "sections.view",
        "students.view",
        "guardians.view",
        "staff.view",
        "attendance.view",
        "attendance.mark",
        "exports.run",
    ),
    "accountant": (
        "institutions.view",
        "sections.view",
        "students.view",
        "guardians.view",
        "staff.view",
        "exports.run",
    ),
    "support": (
        "institutions.view",
        "sections.view",
        "students.view",
        "staff.view",
    ),
    "guardian": (
        "institutions.view",
        "sections.view",
        "students.view",
        "attendance.view",
        "leave.request",
    ),
    "student": (
        "institutions.view",
        "sections.view",
        "students.view",
        "attendance.view",
    ),
}
_GIVEN = ", ".join(f"('{role}', '{code}')" for role, codes in OFFERED.items() for code in codes)

OFFER = """
INSERT INTO seeds_offered (subject, item)
SELECT 'role:' || role.code, given.permission FROM (VALUES GIVEN) AS given (role, permission)
  JOIN access_role role ON role.code = given.role AND role.builtin
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0001_initial"), ("seeds", "0001_initial")]

    operations = [
        migrations.RunSQL(
            OFFER.replace("GIVEN", _GIVEN),
            migrations.RunSQL.noop,
        )
    ]
