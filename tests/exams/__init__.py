"""One exam session from its timetable to an amended report card, on the running stack over HTTP: ``make exams``."""
