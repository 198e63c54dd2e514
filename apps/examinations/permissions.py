"""The permissions of examinations.

What is not published yet is for who holds ``exams.view``; ``exams.follow`` shows what is, whoever holds it. So no door
for families needs to know what it must leave out.
"""

from __future__ import annotations

from apps.access.permissions import GUARDIAN, HEAD, OFFICE, STUDENT, TEACHER, Permission, declare

declare(
    Permission("exams.view", "See exam sessions and papers before they are published", (*OFFICE, TEACHER)),
    Permission("exams.follow", "See exams once they are published", (*OFFICE, TEACHER, GUARDIAN, STUDENT)),
    Permission("exams.manage", "Set up exam sessions and papers", OFFICE),
    Permission("exams.publish", "Publish and withdraw exam timetables and results", (HEAD,)),
    Permission("marks.view", "See marks before they are published", (*OFFICE, TEACHER)),
    Permission("marks.enter", "Enter marks", (*OFFICE, TEACHER)),
    Permission("marks.reopen", "Let marks be entered that are closed", (HEAD,)),
    Permission("remarks.write", "Write remarks about students in an exam session", (*OFFICE, TEACHER)),
    Permission("moderations.propose", "Propose how the marks of a paper are moderated", OFFICE),
    Permission("moderations.apply", "Apply and revert how the marks of a paper are moderated", (HEAD,)),
    Permission("exams.configure", "Change grading scales and how results are made", (HEAD,)),
)
