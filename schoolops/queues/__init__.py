"""Jobs that cannot be lost: a job is a row in the ledger until it is done or a person discards it."""
