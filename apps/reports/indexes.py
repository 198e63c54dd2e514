from schoolops.indexes import IndexSpec

INDEXES = (
    IndexSpec("report_card_by_student", "reports_reportcard", ("student_id",), purpose="a student's report cards"),
)
