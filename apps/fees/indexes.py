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
    IndexSpec("concession_by_student", "fees_concession", ("student_id",), purpose="what a student is not charged"),
    IndexSpec("invoice_by_student", "fees_invoice", ("student_id", "id"), purpose="the bills of a student"),
    IndexSpec("line_by_invoice", "fees_invoiceline", ("invoice_id",), purpose="what stands on a bill"),
    IndexSpec("credit_note_by_invoice", "fees_creditnote", ("invoice_id",), purpose="what is credited of a bill"),
    IndexSpec(
        "outcome_waiting",
        "fees_runoutcome",
        ("run_id", "id"),
        condition="outcome = 'waiting'",
        purpose="whom a run has still to bill",
    ),
    IndexSpec("payment_by_student", "fees_payment", ("student_id", "id"), purpose="what was paid for a student"),
    IndexSpec("allocation_by_payment", "fees_allocation", ("payment_id",), purpose="which bills a payment pays"),
    IndexSpec("allocation_by_invoice", "fees_allocation", ("invoice_id",), purpose="what is paid of a bill"),
    IndexSpec("refund_by_payment", "fees_refund", ("payment_id",), purpose="what of a payment went back"),
    IndexSpec("intent_by_login", "fees_paymentintent", ("by_id", "id"), purpose="what somebody began to pay by card"),
    IndexSpec("gateway_event_by_intent", "fees_gatewayevent", ("intent_id",), purpose="what was written of a payment"),
    IndexSpec("bank_line_by_statement", "fees_bankline", ("statement_id", "id"), purpose="the lines of a bank's file"),
    IndexSpec(
        "bank_line_waiting",
        "fees_bankline",
        ("institution_id", "id"),
        condition="state IN ('waiting', 'confirmed')",
        purpose="what came in and is nobody's yet",
    ),
)
