"""Students, guardians and staff: coming, moving, leaving, and the lists printed of them."""
