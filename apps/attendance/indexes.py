from schoolops.indexes import IndexSpec

INDEXES = (
    IndexSpec(
        "session_by_day",
        "attendance_attendancesession",
        ("day", "institution_id"),
        include=("section_id", "course_class_id", "period_id", "state"),
        purpose="rolls taken and not yet taken today",
    ),
    IndexSpec(
        "session_by_class",
        "attendance_attendancesession",
        ("course_class_id", "day"),
        condition="course_class_id IS NOT NULL",
        purpose="a class's rolls",
    ),
    IndexSpec(
        "record_by_student",
        "attendance_attendancerecord",
        ("student_id", "day DESC", "session_id DESC"),
        include=("state", "excused", "code"),
        purpose="a student's history, newest first, and the day's derivation",
    ),
    IndexSpec(
        "record_by_section",
        "attendance_attendancerecord",
        ("section_id", "day"),
        include=("student_id", "state"),
        purpose="a section's register and its month",
    ),
    IndexSpec(
        "daily_absent",
        "attendance_dailyattendance",
        ("day", "institution_id"),
        include=("student_id", "section_id"),
        condition="state = 'absent'",
        purpose="the absentees of a day",
    ),
    IndexSpec(
        "leave_waiting",
        "attendance_leave",
        ("starts_on", "id"),
        condition="state = 'requested'",
        purpose="the requests for leave that wait for a decision",
    ),
    IndexSpec(
        "record_by_day", "attendance_attendancerecord", ("day",), method="brin", purpose="whole-school ranges of days"
    ),
    IndexSpec(
        "change_by_session", "attendance_attendancechange", ("session_id", "id"), purpose="the history of one roll"
    ),
    IndexSpec(
        "change_by_student", "attendance_attendancechange", ("student_id", "id"), purpose="the history of one student"
    ),
    IndexSpec(
        "daily_by_day",
        "attendance_dailyattendance",
        ("day", "institution_id", "section_id"),
        include=("student_id", "state"),
        purpose="the day per institution and section",
    ),
    IndexSpec(
        "desk_by_day", "attendance_deskentry", ("day", "institution_id"), purpose="the late desk's list of a day"
    ),
    IndexSpec("leave_by_student", "attendance_leave", ("student_id", "starts_on"), purpose="a student's leave"),
)
