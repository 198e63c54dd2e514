from schoolops.indexes import IndexSpec

INDEXES = (
    IndexSpec(
        "meeting_by_period",
        "timetable_meeting",
        ("period_id", "weekday"),
        purpose="what meets in a period of a weekday",
    ),
)
