from schoolops.indexes import IndexSpec

INDEXES = (
    IndexSpec(
        "exam_by_section",
        "examinations_exam",
        ("section_id", "day"),
        condition="section_id IS NOT NULL",
        purpose="the papers of a section, and of a student in it",
    ),
    IndexSpec(
        "exam_by_class",
        "examinations_exam",
        ("course_class_id", "day"),
        condition="course_class_id IS NOT NULL",
        purpose="the papers of a class, and of a student in it",
    ),
    IndexSpec(
        "exam_by_day",
        "examinations_exam",
        ("institution_id", "day"),
        purpose="the papers of a campus on a day, and what would clash there",
    ),
    IndexSpec("mark_by_student", "examinations_mark", ("student_id",), purpose="a student's marks"),
    IndexSpec(
        "mark_change_by_exam", "examinations_markchange", ("exam_id", "id"), purpose="the history of a paper's marks"
    ),
    IndexSpec(
        "mark_change_by_gradebook",
        "examinations_markchange",
        ("gradebook_id", "id"),
        condition="gradebook_id IS NOT NULL",
        purpose="the history of a gradebook's marks",
    ),
    IndexSpec("result_by_student", "examinations_sessionresult", ("student_id",), purpose="a student's results"),
)
