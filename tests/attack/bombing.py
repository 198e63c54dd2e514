"""One school sends files that unfold, eight at once; the school beside it is asked all the while."""

from __future__ import annotations

import http.client
import statistics
import threading
import time
import uuid
from collections.abc import Callable

from tests.apps.exchange import bombs
from tests.attack.steps import API, Target

AT_ONCE = 8
ASKED_EVERY_S = 0.1
OVER = frozenset({"validated", "failed", "expired", "stopped"})


def p95_of(target: Target, who: str, until: Callable[[], bool]) -> tuple[float, int]:
    """(p95 in milliseconds, how many were not answered) of a page that ``who`` asks for until it is over."""
    took, lost = [], 0
    token = target.token(who)
    while not until():
        connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=30)
        began = time.monotonic()
        try:
            headers = {"Host": target.host, "Authorization": f"Bearer {token}"}
            connection.request("GET", f"{API}/students", headers=headers)
            answer = connection.getresponse()
            answer.read()
            lost += answer.status != 200
        except OSError:
            lost += 1
        finally:
            connection.close()
        took.append((time.monotonic() - began) * 1000)
        time.sleep(ASKED_EVERY_S)
    return statistics.quantiles(took, n=20)[-1], lost


def upload(target: Target, name: str, content: bytes) -> tuple[int, str]:
    """(status, the import's id)."""
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    web = http.client.HTTPConnection("127.0.0.1", target.port, timeout=120)
    kind = f"multipart/form-data; boundary={boundary}"
    headers = {"Host": target.host, "Authorization": f"Bearer {target.token('erin')}", "Content-Type": kind}
    try:
        web.request("POST", f"{API}/imports", body, headers)
        answer = web.getresponse()
        said = answer.read()
    finally:
        web.close()
    location = answer.headers.get("Location") or ""
    return answer.status, location.rpartition("/")[2] if said else ""


def bomb(target: Target) -> dict[str, str]:
    """Send everything, eight at once: what was not answered as it should, and imports that nobody finished."""
    files = [
        *(("students.xlsx", name, make) for name, make in bombs.XLSX.items()),
        *(("roster.zip", name, make) for name, make in bombs.ZIP.items()),
        *(("students.csv", name, make) for name, make in bombs.CSV.items()),
    ]
    made = [(called, name, make()) for called, name, make in files]
    wrong: dict[str, str] = {}
    waiting: dict[str, str] = {}
    lock = threading.Lock()

    def send() -> None:
        while True:
            with lock:
                if not made:
                    return
                called, name, content = made.pop()
            try:
                status, number = upload(target, called, content)
            except OSError as nothing:
                status, number = 0, str(nothing)
            with lock:
                if status == 202:
                    waiting[number] = name
                elif not status or (status >= 500 and status != 503):
                    wrong[name] = f"answered {status}"

    threads = [threading.Thread(target=send) for _ in range(AT_ONCE)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return wrong | _unfinished(target, waiting)


def _unfinished(target: Target, waiting: dict[str, str]) -> dict[str, str]:
    """What was taken for a roster, or never finished, of the imports in ``waiting``: id → name."""
    wrong: dict[str, str] = {}
    until = time.monotonic() + 900
    while waiting and time.monotonic() < until:
        for number in list(waiting):
            state = (target.ask("GET", f"imports/{number}", "erin").json or {}).get("state")
            if state in OVER:
                name = waiting.pop(number)
                if state != "failed":
                    wrong[name] = f"was taken for a roster: {state}"
        time.sleep(1)
    return wrong | dict.fromkeys(waiting.values(), "was never finished")
