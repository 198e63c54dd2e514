"""``python -m tests.upgrade.day SLUG``: one day at a school of ``before_0.1.0.sql``, by the addresses that people use.

Prints, as JSON, what the teacher saved.
"""

from __future__ import annotations

import datetime as dt
import json
import sys

import django
from django.test.utils import setup_test_environment


def main(slug: str) -> None:
    django.setup()
    setup_test_environment()
    from django.test import Client

    from schoolops import clock
    from tests.factories import people
    from tests.factories.talking import Talk

    with clock.frozen(people.SCHOOL_MOMENT + dt.timedelta(days=1)):
        browser = Client(headers={"host": f"{slug}.localhost"})
        login = Talk(browser).log_in("bob")
        assert login.status_code == 200, login.content
        bob = Talk(browser, token=login.json()["access_token"])
        mine = bob.get("my/classes").json()
        address = f"sections/{mine['results'][0]['section_id']}/roll/{clock.now().date()}"
        roll = bob.get(address).json()
        records = [{"student_id": each["student_id"], "code": "P"} for each in roll["records"]]
        saved = bob("PUT", address, {"version": roll["version"], "records": records})
        assert saved.status_code == 200, saved.content
        print(json.dumps({"marks": len(saved.json()["records"]), "taken_by": saved.json()["taken_by"]["name"]}))


if __name__ == "__main__":
    main(sys.argv[1])
