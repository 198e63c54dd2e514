"""Who did what to which object, when: append-only, in the same transaction as the deed."""
