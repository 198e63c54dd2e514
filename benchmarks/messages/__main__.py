"""``python -m benchmarks.messages``: an announcement to 10,000 written down, and letters a second to a mail server.

The mail server is a process of its own on this machine, and takes everything. Letters a second are those of the
pipeline, each asked for access and written down before and after, against a loop of ``send_mail``, which opens a
connection for each: in turns, so that a busy machine is busy for both, and the middle of the turns counts. Once in the
clear, and once over TLS, as mail servers ask for it: ``…_tls``. Memory is what the process grew by while 10,000 were
written down, in MiB, after 1,000 were.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from benchmarks.servers import on_servers
from config.env import BASE_DIR
from schoolops import launcher
from tests.outside import refuse_base_url

RECIPIENTS, WARM, TURNS, LOOP = 10_000, 1_000, 5, 100
SLUG = "bench"
GOAL = 5.0
_SINK = """
import ssl, sys, threading
from aiosmtpd.controller import Controller
class Box:
    async def handle_EHLO(self, server, session, envelope, name, said):
        session.host_name = name
        return [*said[:-1], "250-PIPELINING", said[-1]]
    async def handle_DATA(self, server, session, envelope):
        return "250 Taken"
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(sys.argv[2], sys.argv[3])
controller = Controller(Box(), hostname="127.0.0.1", port=int(sys.argv[1]), tls_context=tls)
controller.start()
threading.Event().wait()
"""


def main() -> int:
    refuse_base_url("bench-messages writes to ten thousand people of a school of its own.")
    port = launcher.free_port()
    with tempfile.TemporaryDirectory(prefix="schoolops-messages-") as name:
        folder = Path(name)
        certificate = _certificate(folder)
        sink = subprocess.Popen([sys.executable, "-c", _SINK, str(port), *certificate], cwd=BASE_DIR)
        try:
            mail = {"EMAIL_URL": f"smtp://127.0.0.1:{port}", "SSL_CERT_FILE": certificate[0]}
            with on_servers("config.settings.local", profile=launcher.DURABLE, **mail):
                found = measured()
        finally:
            sink.kill()
            sink.wait()
    print("RESULT " + json.dumps(found))
    return 0 if found["send_vs_loop"] >= GOAL else 1


def measured() -> dict[str, float]:
    from django.core.management import call_command

    from apps.access.permissions import ADMINISTRATOR
    from apps.accounts.models import User
    from apps.demo.services import SCHOOLS, furnish
    from schoolops.context import inside, outside_schools

    with outside_schools():
        call_command("migrate", verbosity=0)
    logins = tuple(each for each in SCHOOLS[0].logins if each.role == ADMINISTRATOR)
    school = furnish(replace(SCHOOLS[0], slug=SLUG, sections={"7 B": (("Ada", "Bench"),)}, logins=logins))
    with inside(school):
        by = User.objects.filter(role_assignments__role__code="administrator").order_by("pk")[0]
        return {**queued(by), **sent()}


def _families(have: int, number: int) -> None:
    """So many families, each a guardian with an address and a child of their own at the school."""
    from apps.students.models import Enrolment, Guardian, Student, StudentGuardian

    model = Enrolment.objects.get(student__given_name="Ada")
    places = range(have, number)
    guardians = Guardian.objects.bulk_create(
        Guardian(given_name=f"G{place}", email=f"g{place}@bench.example") for place in places
    )
    children = Student.objects.bulk_create(
        Student(
            given_name=f"C{place}", family_name="Bench", institution=model.institution, admission_number=f"B{place}"
        )
        for place in places
    )
    Enrolment.objects.bulk_create(
        Enrolment(
            student=child, institution=model.institution, year=model.year,
            grade_level=model.grade_level, entered_on=model.entered_on,
        )
        for child in children
    )  # fmt: skip
    StudentGuardian.objects.bulk_create(
        StudentGuardian(student=child, guardian=guardian, contact_priority=1)
        for child, guardian in zip(children, guardians, strict=True)
    )


def _announced(by: Any) -> float:
    """Seconds that writing an announcement to every family takes."""
    from apps.notifications import services
    from apps.notifications.selectors import Audience

    made = services.announce(title="Trip", text="On Friday.", audience=Audience("school"), by=by)
    began = time.perf_counter()
    services.publish(made.pk)
    return time.perf_counter() - began


def queued(by: Any) -> dict[str, float]:
    from django.db import connection

    from apps.notifications import services

    services.set_outgoing(quiet_from="00:00", quiet_until="00:00", by=by)
    _families(0, WARM)
    _announced(by)
    _families(WARM, RECIPIENTS)
    with connection.cursor() as cursor:
        # As a server does by itself within a minute.
        cursor.execute("ANALYZE")
    process = psutil.Process()
    before = process.memory_info().rss
    seconds = _announced(by)
    return {
        "queue_seconds": round(seconds, 2),
        "memory_growth": round((process.memory_info().rss - before) / 2**20, 1),
    }


def sent() -> dict[str, float]:
    from django.conf import settings

    clear = _in_turns()
    settings.EMAIL_USE_TLS = True
    settings.EMAIL_HOST = "localhost"
    return {**clear, **{f"{name}_tls": value for name, value in _in_turns().items()}}


def _in_turns() -> dict[str, float]:
    from django.core.mail import send_mail

    from apps.notifications import services
    from apps.notifications.models import Channel, Message
    from apps.notifications.services import delivering

    ours, loops = [], []
    # A turn is so long that whatever a job does once is in it.
    delivering.LONG_ENOUGH_S = 2.0
    for _turn in range(TURNS):
        began = time.perf_counter()
        number = services.deliver(Channel.EMAIL)
        ours.append(number / (time.perf_counter() - began))
        text = Message.objects.filter(channel=Channel.EMAIL).exclude(text="")[0].text
        began = time.perf_counter()
        for place in range(LOOP):
            send_mail("Trip", text, None, [f"g{place}@bench.example"])
        loops.append(LOOP / (time.perf_counter() - began))
    letters, loop = statistics.median(ours), statistics.median(loops)
    return {"letters_a_second": round(letters), "loop_a_second": round(loop), "send_vs_loop": round(letters / loop, 2)}


def _certificate(folder: Path) -> tuple[str, str]:
    """A certificate of the mail server's own, and its key."""
    made = str(folder / "certificate.pem"), str(folder / "key.pem")
    said = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    command = ["openssl", *said.split(), "-addext", "subjectAltName=DNS:localhost", "-out", made[0], "-keyout", made[1]]
    subprocess.run(command, check=True, capture_output=True)
    return made


if __name__ == "__main__":
    sys.exit(main())
