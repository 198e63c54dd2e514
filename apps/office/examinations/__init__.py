"""The room of exams: sessions, their timetables and papers, marks, results and scales."""
