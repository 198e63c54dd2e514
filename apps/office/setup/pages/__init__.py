"""Setting a school up: its first steps, the check-list, the calendar."""
