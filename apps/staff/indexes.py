from schoolops.indexes import IndexSpec

INDEXES = (
    IndexSpec("staff_by_name", "staff_staffmember", ("name_key", "id"), purpose="the staff list"),
    IndexSpec(
        "assignment_by_section",
        "staff_teachingassignment",
        ("section_id",),
        include=("staff_id", "starts_on", "ends_on"),
        condition="section_id IS NOT NULL",
        purpose="who teaches a section",
    ),
    IndexSpec(
        "assignment_by_class",
        "staff_teachingassignment",
        ("course_class_id",),
        include=("staff_id", "starts_on", "ends_on"),
        condition="course_class_id IS NOT NULL",
        purpose="who teaches a class",
    ),
    IndexSpec("substitution_by_day", "staff_substitution", ("day",), purpose="the substitutions of a day"),
)
