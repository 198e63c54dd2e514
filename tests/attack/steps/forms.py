"""What people tick and type in the office: many rows at once, and drafts of what was never sent."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from html import unescape
from uuid import uuid4

from tests.attack.steps.machine import OWNED
from tests.attack.steps.records import main, new, somebody
from tests.attack.target import Browser, Target

# What a worker needs that was given the same twice.
LATE_S = 3
PATIENCE_S = 60.0
STUDENTS = "/office/students/student/"
FORM = "/office/student/admit/"
BEGUN = """
INSERT INTO "{schema}".office_listchange (sourced_id, user_id, listed, state, sent, waiting, outcomes, begun_at)
SELECT gen_random_uuid(), id, 'students.Student', 'draft', '{{}}', jsonb_build_object(%s::text, ''), '{{}}', now()
  FROM "{schema}".accounts_user WHERE username = 'erin' RETURNING sourced_id
"""
# No ids, too many, and ids of nothing.
TICKED = ("x", "-1.", "1 OR 1=1", "9" * 400, ",".join(f"{each}." for each in range(1, 600)), "%00", "1.<script>")
TABS = ("../../etc", "*", "f" * 400, "\u0665" * 32)
# Where a draft's form is said to lead.
ACTIONS = ("https://evil.example/", "//evil.example/", "javascript:alert(7)")


def _of_another_campus(oak: Target) -> str:
    code = f"N{uuid4().hex[:6]}".upper()
    annex = oak.made("institutions", "erin", {"name": code, "code": code, "timezone": "UTC", "currency": "EUR"})
    if annex["id"] == main(oak):
        raise RuntimeError("there is no other campus")
    ada, user = somebody(oak)
    oak.made("role-assignments", "erin", {"user_id": user, "role": "administrator", "institution_id": annex["id"]})
    return ada


@dataclass(slots=True)
class _Ticked:
    """A student who is called otherwise by who ticks them on the list."""

    oak: Target
    student: str = field(init=False)
    schema: str = field(init=False)
    key: int = field(init=False)

    def __post_init__(self) -> None:
        self.student = str(new(self.oak, family_name="Before")["id"])
        look = self.oak.outside.rows
        ((self.schema, _),) = look(OWNED, self.oak.slug)
        ((self.key,),) = look(f'SELECT id FROM "{self.schema}".students_student WHERE sourced_id = %s', self.student)

    @property
    def called(self) -> str:
        return str(self.oak.ask("GET", f"students/{self.student}", "erin").expect(200).json["family_name"])

    def by(self, browser: Browser, name: str, *, rows: str = "", path: str = f"{STUDENTS}many/") -> int:
        said = {"rows": rows or f"{self.key}.", "family_name": name, "reason": "Ticked", "step": "apply"}
        return browser.post(path, said, page=STUDENTS).status


def many_rows_at_once(oak: Target) -> str:
    """Ticks change nothing that may not be changed row by row, and no list of ids brings the server down."""
    ticked, erin = _Ticked(oak), Browser(oak, "erin")
    ticked.by(erin, "Ticked")
    if ticked.called != "Ticked":
        raise RuntimeError("ticks change nothing at all")
    for who in ("bob", _of_another_campus(oak)):
        status = ticked.by(Browser(oak, who), "Elsewhere")
        if ticked.called != "Ticked":
            return f"a student of whom they may change nothing is changed: {status}"
    for rows in TICKED:
        if (status := ticked.by(erin, "Ticked", rows=rows)) >= 500:
            return f"{rows[:40]} brings it down: {status}"
    return ""


def what_a_worker_changes(oak: Target) -> str:
    """A change of more rows is that of who began it alone, of its own list, and confirmed once."""
    ticked, erin = _Ticked(oak), Browser(oak, "erin")
    ((change,),) = oak.outside.rows(BEGUN.format(schema=ticked.schema), str(ticked.key))
    page = f"{STUDENTS}many/{change}/"
    for browser in (Browser(oak, who) for who in ("alice", "bob", _of_another_campus(oak))):
        for status in (browser.get(page).status, ticked.by(browser, "Elsewhere", path=page)):
            if status not in {403, 404}:
                return f"somebody else's change is answered with {status}"
    if (status := erin.get(f"/office/students/guardian/many/{change}/").status) != 404:
        return f"it is a change of another list as well: {status}"
    # The second while the first one waits for its worker; both would be done by then.
    first, _ = (ticked.by(erin, name, path=page) for name in ("By a worker", "Again"))
    if first != 302:
        raise RuntimeError("who began it cannot confirm it")
    until = time.monotonic() + PATIENCE_S
    while (called := ticked.called) != "By a worker":
        if time.monotonic() > until:
            raise RuntimeError(f"the worker leaves {called}")
        if called == "Again":
            return "it is confirmed twice"
        time.sleep(0.2)
    time.sleep(LATE_S)
    return "" if ticked.called == "By a worker" else "it is confirmed twice"


def what_a_tab_was_typing(oak: Target) -> str:
    """A draft comes back to who typed it, whatever tab or address of it somebody else has; and leads nowhere else."""
    mark, tab = f"typed-{uuid4().hex[:12]}", uuid4().hex
    erin, alice = Browser(oak, "erin"), Browser(oak, "alice")
    asks, keeps = {"X-Draft": "ask", "X-Draft-Tab": tab}, {"X-Draft": "keep", "X-Draft-Tab": tab}
    erin.post(FORM, {"given_name": mark}, headers=keeps)
    note = erin.get(FORM, asks).body.decode()
    address = unescape(next(iter(re.findall(r'href="([^"]+)"', note)), ""))
    if mark.encode() not in erin.get(address or FORM).body:
        raise RuntimeError("what was typed does not come back")
    for who in (alice, Browser(oak, "dave")):
        for answer in (who.get(FORM, asks), who.get(address)):
            if mark.encode() in answer.body or b"data-forget" in answer.body:
                return f"{answer.asked} gives it to somebody else"
    nobody = oak.send("GET", address, None, {"Host": oak.host, "Accept": "text/html", **asks}, "")
    if nobody.status == 200:
        return f"{address} is given to nobody in particular"
    alice.post(FORM, {"given_name": "Gone"}, headers={"X-Draft": "forget", "X-Draft-Tab": tab})
    if erin.get(FORM, asks).status != 200:
        return "somebody else throws it away"
    for odd in TABS:
        if (status := erin.get(FORM, {**asks, "X-Draft-Open": odd.encode().decode("latin-1")}).status) >= 500:
            return f"a tab brings it down: {status}"
    for action in ACTIONS:
        erin.post(FORM, {"given_name": mark}, headers={**keeps, "X-Draft-Action": action})
        read = erin.get(FORM, asks).body + erin.get(address).body
        if b"evil.example" in read or b"javascript:alert" in read:
            return f"a draft leads to {action}"
    return ""
