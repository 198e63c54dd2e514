from schoolops.indexes import IndexSpec

INDEXES = (
    IndexSpec("term_by_year", "institutions_term", ("year_id", "starts_on"), purpose="the terms of a year, in order"),
    IndexSpec(
        "section_by_year",
        "institutions_section",
        ("year_id", "grade_level_id", "name"),
        include=("institution_id",),
        purpose="the sections of a year, by level and name",
    ),
    IndexSpec("course_by_level", "institutions_course", ("grade_level_id",), purpose="the courses of a grade level"),
    IndexSpec("class_by_course", "institutions_courseclass", ("course_id",), purpose="the classes of a course"),
    IndexSpec(
        "class_by_section",
        "institutions_courseclass",
        ("section_id",),
        condition="section_id IS NOT NULL",
        purpose="the classes a section is taught in as a whole",
    ),
    IndexSpec("class_term_by_term", "institutions_courseclassterm", ("term_id",), purpose="the classes of a term"),
)
