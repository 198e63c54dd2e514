"""A file changes students while their roll is marked: both hold them in one order, and neither is thrown out."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connection, connections, transaction

from apps.attendance.selectors import locked_students
from apps.exchange import services
from apps.exchange.models import Import
from apps.students.models import Student
from schoolops import clock
from schoolops.context import inside
from tests.factories.people import SCHOOL_MOMENT, a_school_year, a_user

HEADER = "Admission number;Given name;Phone\r\n"


def sheet(phone: str) -> bytes:
    return (HEADER + "".join(f"{number};Ada;{phone}\r\n" for number in (1, 2, 3))).encode()


def test_neither_waits_for_the_other_in_a_ring(fresh_school: Callable[..., Any]) -> None:
    school = fresh_school()
    wrong: list[BaseException] = []
    done: list[None] = []
    with inside(school), clock.frozen(SCHOOL_MOMENT):
        a_school_year()
        erin = a_user("erin", role="administrator")

        def confirmed(content: bytes) -> Import:
            run = services.read_and_validate(run=services.receive(file=io.BytesIO(content), name="s.csv", by=erin))
            return services.confirm(run=run, reading=run.reading, by=erin)

        services.apply(run=confirmed(sheet("1")))
        first, second, third = Student.objects.order_by("pk")
        # By name they stand the other way round than by key.
        for each, name in ((first, "Young"), (second, "Marsh"), (third, "Byron")):
            Student.objects.filter(pk=each.pk).update(family_name=name)
        run = confirmed(sheet("2"))

    def at_once(work: Callable[[], object]) -> None:
        try:
            with inside(school), clock.frozen(SCHOOL_MOMENT):
                work()
        except BaseException as error:  # noqa: BLE001 - the test looks at it, in the main thread
            wrong.append(error)
        finally:
            done.append(None)
            connections.close_all()

    def mark() -> None:
        with transaction.atomic():
            locked_students([first.pk, second.pk, third.pk])

    threads = [threading.Thread(target=at_once, args=(work,)) for work in (lambda: services.apply(run=run), mark)]
    with inside(school), transaction.atomic(), connection.cursor() as cursor:
        # Both stop at the second of the three, and each holds what it came by on the way.
        Student.objects.select_for_update(no_key=True).get(pk=second.pk)
        for number, each in enumerate(threads, start=1):
            each.start()
            for _ in range(600):
                cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                if len(done) + cursor.fetchone()[0] >= number:
                    break
                time.sleep(0.1)
    for each in threads:
        each.join()
    assert wrong == []
    with inside(school):
        run.refresh_from_db()
        assert run.total("error") == 0
        assert set(Student.objects.values_list("phone", flat=True)) == {"2"}
