"""Students, their guardians, and the dated facts of where they are enrolled."""
