from schoolops.indexes import IndexSpec

INDEXES = (
    IndexSpec(
        "role_assignment_by_role",
        "access_roleassignment",
        ("role_id",),
        include=("user_id",),
        purpose="who holds a role, when its permissions change",
    ),
)
