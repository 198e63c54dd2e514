"""One emergency list by whichever ``schoolops.pdf`` is importable: run by the bench in a process for each engine.

``python document.py STUDENTS TIMES`` prints JSON: pages, seconds of processor each, MiB once it is warm and after the
last, and whether all had the same bytes. It knows only what both engines share.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import sys
import time
from pathlib import Path

NAMES = ("Zoë Bergström", "ليلى المنصوري", "Andrei Popescu", "आरव शर्मा", "Nguyễn Thị Hương", "Carol Rivera")


# Until then the engine fills what it keeps between documents, and drops after ten.
WARM = 100


def memory_mib() -> float:
    """What this process holds now."""
    resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return resident * 4096 / 2**20


def emergency_list(students: int, *, number: int = 0) -> bytes:
    """As the office prints it: sections of thirty, two lines a student, two to call."""
    from schoolops.pdf import Column, Heading, Paper

    heading = Heading("Emergency list", f"Oak School {number}", "Wednesday, 4 November 2026", "Page {page} of {of}")
    paper = Paper(heading, language="en", printed_at=dt.datetime(2026, 11, 4, tzinfo=dt.UTC))
    columns = [Column("No.", 1, "end"), Column("Name", 3.6), Column("Whom to call", 6), Column("To know", 3.4)]
    for first in range(0, students, 30):
        paper.part(f"Grade {first // 30 + 1}")
        rows = []
        for student in range(first, min(first + 30, students)):
            name, mother, father = (NAMES[(student + shift) % len(NAMES)] for shift in range(3))
            calls = f"{mother}, mother, +44 20 7946 {student:04}\n{father}, father, +966 55 123 4567"
            rows.append(
                (str(student % 30 + 1), f"{name}\nO{student:05}", calls, "B+, peanuts" if student % 9 == 0 else "")
            )
        paper.rows(columns, rows)
    return paper.as_bytes()


def main() -> None:
    """Print what ``TIMES`` lists of ``STUDENTS`` cost."""
    students, times = int(sys.argv[1]), int(sys.argv[2])
    first = emergency_list(students)
    # What a process pays once (fonts, imports) is over.
    before, began = memory_mib(), time.process_time()
    seen = set()
    for number in range(times):
        if number == WARM:
            before = memory_mib()
        emergency_list(students, number=number + 1)
    cpu = (time.process_time() - began) / times
    after = memory_mib()
    for _ in range(2):
        seen.add(hashlib.sha256(emergency_list(students)).hexdigest())
    pages = max(map(int, re.findall(rb"/Count (\d+)", first)), default=1)
    print(json.dumps({"pages": pages, "cpu": cpu, "before": before, "after": after, "same_bytes": len(seen) == 1}))


if __name__ == "__main__":
    from django.conf import settings

    if not settings.configured:
        settings.configure(FONTS=["manimgx_fonts"])
    main()
