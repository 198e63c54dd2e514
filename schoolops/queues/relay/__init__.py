"""From the ledger to the broker: which jobs next, as which messages, and what workers say back."""
