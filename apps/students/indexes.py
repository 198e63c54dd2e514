from schoolops.indexes import IndexSpec

NOT_MERGED = "merged_into_id IS NULL"

INDEXES = (
    IndexSpec(
        "student_by_name",
        "students_student",
        ("name_key", "id"),
        condition=NOT_MERGED,
        purpose="the student list, page by page (keyset)",
    ),
    IndexSpec(
        "student_by_institution_and_name",
        "students_student",
        ("institution_id", "name_key", "id"),
        condition=NOT_MERGED,
        purpose="an institution's student list, page by page (keyset)",
    ),
    IndexSpec(
        "student_search",
        "students_student",
        ("searched extensions.gin_trgm_ops",),
        method="gin",
        condition=NOT_MERGED,
        purpose="the search box: any part of a name or admission number",
    ),
    IndexSpec(
        "student_merged",
        "students_student",
        ("merged_into_id",),
        condition="merged_into_id IS NOT NULL",
        purpose="the duplicates that were merged into a student",
    ),
    IndexSpec(
        "guardian_link_by_guardian",
        "students_studentguardian",
        ("guardian_id",),
        include=("student_id",),
        purpose="a guardian's children",
    ),
    IndexSpec("guardian_by_name", "students_guardian", ("name_key", "id"), purpose="the guardian list"),
    IndexSpec(
        "guardian_search",
        "students_guardian",
        ("searched extensions.gin_trgm_ops",),
        method="gin",
        purpose="the search box: any part of a name, e-mail or phone number",
    ),
    IndexSpec(
        "enrolment_by_student",
        "students_enrolment",
        ("student_id", "entered_on DESC"),
        purpose="a student's enrolments",
    ),
    IndexSpec(
        "enrolment_by_year",
        "students_enrolment",
        ("year_id", "grade_level_id"),
        include=("student_id", "entered_on", "exited_on"),
        purpose="who is enrolled in a year and level",
    ),
    IndexSpec(
        "membership_by_section",
        "students_sectionmembership",
        ("section_id", "starts_on"),
        include=("student_id", "ends_on", "roll_number"),
        purpose="a section's roster as of a date, index only",
    ),
    IndexSpec(
        "membership_by_student",
        "students_sectionmembership",
        ("student_id", "starts_on DESC"),
        include=("section_id", "ends_on"),
        purpose="which section a student was in on a date",
    ),
    IndexSpec(
        "membership_by_enrolment", "students_sectionmembership", ("enrolment_id",), purpose="an enrolment's sections"
    ),
    IndexSpec(
        "class_enrolment_by_class",
        "students_classenrolment",
        ("course_class_id", "starts_on"),
        include=("student_id", "ends_on"),
        purpose="a class's roster as of a date, index only",
    ),
    IndexSpec(
        "class_enrolment_by_student", "students_classenrolment", ("student_id",), purpose="the classes of a student"
    ),
)
