"""Changes on their way to every school: which have theirs, which wait, where one failed and why."""
