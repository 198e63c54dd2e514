from schoolops.indexes import IndexSpec

INDEXES = (
    IndexSpec(
        "entry_by_transaction", "fees_ledgerentry", ("transaction_id",), purpose="that a transaction sums to zero"
    ),
    IndexSpec("entry_by_account", "fees_ledgerentry", ("account_id", "id"), purpose="what was posted to an account"),
    IndexSpec(
        "entry_by_student",
        "fees_ledgerentry",
        ("student_id", "id"),
        condition="student_id IS NOT NULL",
        purpose="what a student owes, and how it came to that",
    ),
)
