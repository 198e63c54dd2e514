"""Web processes, really killed around their commit: both the business and its job, or neither."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from django.test import Client, override_settings

from apps.accounts.models import User
from apps.accounts.services.tokens import open_login
from schoolops.context import inside
from schoolops.tenancy import owner
from tests.queues.installation import Installation

pytestmark = pytest.mark.proof


WEB = """
import django
django.setup()
import os, signal, sys
from django.db import connection, transaction
from schoolops.context import inside
from schoolops.queues import pipeline, registry
from schoolops.tenancy.lifecycle import get_school

def die(*anything):
    os.kill(os.getpid(), signal.SIGKILL)

with inside(get_school(sys.argv[1])), transaction.atomic():
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO chaos_business (n) VALUES (1)")
    if sys.argv[2] == "before":
        pipeline.plant(lambda arrow: die())
    transaction.on_commit(die)
    registry.find("chaos.atomic.attendance").enqueue(n=1, kind="well")
"""


@pytest.mark.parametrize(("when", "kept"), [("before", 0), ("after", 1)])
def test_a_web_process_killed_around_its_commit_leaves_both_or_neither(
    installation: Installation, when: str, kept: int
) -> None:
    school = installation.ledger.school
    done = subprocess.run(
        [sys.executable, "-c", WEB, school.slug, when], env=installation.environment, check=False, timeout=60
    )
    assert done.returncode == -signal.SIGKILL
    with owner.owner_connection() as owning:
        (business,) = owning.execute(f"SELECT count(*) FROM {school.schema_name}.chaos_business").fetchone() or (0,)
    assert (business, len(installation.ledger.jobs())) == (kept, kept)


REQUEST = """
import django
django.setup()
import os, signal, sys
from django.db import transaction
from django.test import Client
from tests.chaos import urls

class Dying(urls.IntendView):
    def post(self, request):
        transaction.on_commit(lambda: os.kill(os.getpid(), signal.SIGKILL))
        return super().post(request)

urls.urlpatterns[0].callback = Dying.as_view()
host, token = sys.argv[1:]
Client(headers={"host": host}).post("/intend", {"n": 1, "kind": "well", "task": 0}, content_type="application/json",
    headers={"Authorization": "Bearer " + token, "Idempotency-Key": "intention-1"})
"""


@override_settings(ROOT_URLCONF="tests.chaos.urls", CHAOS_ENGINE="ledger")
def test_a_web_process_killed_after_its_commit_and_before_its_answer_is_asked_again_and_replays_it(
    installation: Installation,
) -> None:
    school = installation.ledger.school
    host = f"{school.slug}.localhost"
    with inside(school):
        token = open_login(User.objects.create(username="bob", password="!"), label="test").access_token
    done = subprocess.run(
        [sys.executable, "-c", REQUEST, host, token], env=installation.environment, check=False, timeout=120
    )
    assert done.returncode == -signal.SIGKILL
    [job] = installation.ledger.jobs()
    answer = Client(headers={"host": host}).post(
        "/intend",
        {"n": 1, "kind": "well", "task": 0},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "intention-1"},
    )
    assert (answer.status_code, answer.headers["Idempotency-Replayed"]) == (201, "true")
    assert answer.json() == {"n": 1, "job": job.pk}
    assert len(installation.ledger.jobs()) == 1
