"""schemathesis against the API, as four people, each at a school of their own, with ids of rows that are there.

A school is made for each of them, because what they try changes it: who deletes every class finds none afterwards.
"""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.attack.steps.records import today
from tests.attack.target import Target
from tests.smoke.asks.table import Ask

PEOPLE = ("bob", "dave", "erin", "carol")
# Who may do everything: what is refused to them, or not there for them, was asked for wrongly.
EVERYTHING = "erin"
# Would end the very login that asks.
ENDS_THE_LOGIN = r"/auth/(logout|logout-everywhere|refresh)$|/me/(password|totp)"
# What a name in an address, a query or a body is the id of: a list of the API.
LISTS = {
    "institution": "institutions", "year": "years", "term": "terms", "section": "sections", "class": "classes",
    "course_class": "classes", "course": "courses", "grade_level": "grade-levels", "student": "students",
    "duplicate": "students", "guardian": "guardians", "staff": "staff", "user": "users", "period": "periods",
    "card": "report-cards", "invoice": "invoices", "payment": "payments",
}  # fmt: skip
MORE_LISTS = (
    "assignments", "attendance-codes", "desk", "exam-sessions", "exams", "grading-scales",
    "imports", "jobs", "leaves", "meetings", "role-assignments", "roles",
    "substitutions",
)  # fmt: skip
# Rows below a student, of the first who has any.
BELOW = {"/students/{student}/guardians/{id}": "guardians", "/students/{student}/enrolments/{id}": "enrolments"}
# Between the name of a parameter of an address and the collection that it is an id of.
OF = "__of__"
# Whatever the version is by now: what else changes a row before it is its own business.
ANY_VERSION = {"If-Match": "*"}
# How often a real id stands where one is asked for; else whatever the description allows.
OFTEN = 0.8
# Of so many sound requests to an operation one must be answered well.
ENOUGH = 8
# At fewer operations with an id in their address, or in fewer of a hundred answers, a login got nowhere.
LEAST_OPERATIONS, LEAST_SHARE = 3, 0.03
# All that schemathesis can check is asked of every answer, and all of its warnings fail, but for these:
# - A school's rules (a year that overlaps another, an id of nobody) refuse what is written as the document says, with
#   409 or 422, and no document could say them. So a sound request may be answered so, but never as one that cannot be
#   read (400, 405, 406, 413, 415).
# - Whether an operation is ever answered well, four warnings ask of one phase, a dozen requests, and chance answers.
#   Here it is asked of the whole run: whoever may do everything must have been answered well by every operation.
SETTINGS = """
[warnings]
fail-on = {warnings}

[checks.positive_data_acceptance]
expected-statuses = ["2xx", 302, 401, 403, 404, 409, 422, 429]

# Nobody but the card gateway can sign what it writes.
[[operations]]
include-path = "/api/v1/card-gateway/events"
checks.positive_data_acceptance.enabled = false
"""
ASKED_OF_THE_WHOLE_RUN = ("missing_auth", "missing_test_data", "low_valid_rate", "validation_mismatch")
WARNINGS = (
    "method_not_allowed", "missing_deserializer", "unmatched_filter", "unresolvable_reference", "unsupported_regex",
    "unused_openapi_auth", "rate_limited", "dictionary_mismatch",
)  # fmt: skip
# Operations of which even a request that was made ready may be refused, by why.
BY_CHANCE: dict[str, tuple[str, ...]] = {
    "nobody but the card gateway signs what it writes": ("POST card-gateway/events",),
    "no example of a description is a picture, or a sheet": (
        "PUT students/{id}/photo", "PUT institutions/{id}/logo", "POST imports",
    ),
    "one import of a school goes on at a time": ("POST imports/{id}/go-on",),
    "each student of a roll stands in it once, and other requests move them": (
        "PUT sections/{section}/roll/{day}", "PUT sections/{section}/roll/{day}/{period}",
        "PUT classes/{course_class}/roll/{day}/{period}",
    ),
}  # fmt: skip

Real = Mapping[str, list[Any]]


@dataclass(slots=True)
class Seen:
    """What one login was answered: how many by status, at which operations with an id well; and what is wrong."""

    statuses: Counter[int] = field(default_factory=Counter)
    reached: set[str] = field(default_factory=set)
    # Operation → how many sound requests it was sent; and those of which one was answered well.
    asked: Counter[str] = field(default_factory=Counter)
    well: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)

    @property
    def successful(self) -> int:
        return sum(count for status, count in self.statuses.items() if 200 <= status < 300)

    def wrong(self) -> list[str]:
        """Failures, and that a login got nowhere."""
        wrong = list(self.failures)
        share = self.successful / max(1, self.statuses.total())
        if share < LEAST_SHARE or len(self.reached) < LEAST_OPERATIONS:
            wrong.append(f"{share:.1%} of answers are successful, and {len(self.reached)} operations with an id")
        return wrong

    def never(self) -> set[str]:
        """The operations that were asked for often enough and never answered well."""
        named = {label for labels in BY_CHANCE.values() for label in labels}
        return {label for label, times in self.asked.items() if times >= ENOUGH and label not in self.well} - named


def tried(oak: Target, people: Collection[str], seconds: float, say: Callable[[str], None] = print) -> tuple[int, int]:
    """(requests that were answered, failures) in ``seconds`` for all ``people``, beside making their schools."""
    count = cases = 0
    for who in people:
        target = oak.outside.another_school(f"{oak.slug}-{who}-{uuid4().hex[:6]}")
        seen = requests(target, who, seconds / len(people))
        by_status = " ".join(f"{status}×{number}" for status, number in sorted(seen.statuses.items()))
        say(f"as {who}: {by_status}; answered well at {len(seen.reached)} operations with an id")
        wrong = seen.wrong()
        if who == EVERYTHING and (never := seen.never()):
            wrong += _refused_anew(oak, never, seen, say)
        for why in wrong:
            say(f"FOUND  as {who}: {why}")
        count += len(wrong)
        cases += seen.statuses.total()
    return cases, count


def _refused_anew(oak: Target, never: set[str], seen: Seen, say: Callable[[str], None]) -> list[str]:
    """What of ``never`` is refused at a school that nobody has been to yet.

    The others are for a guardian alone, or a request before them had merged or deleted what they need.
    """
    from tests.attack import sound

    refused = set(sound.refused(oak.outside.another_school(f"{oak.slug}-anew-{uuid4().hex[:6]}"), never))
    if worn := sorted(never - refused):
        say(f"asked for in vain, since they are another's or what they need was gone by then: {', '.join(worn)}")
    return [f"{label} was never answered well in {seen.asked[label]} requests" for label in sorted(refused)]


def requests(target: Target, who: str, seconds: float) -> Seen:
    """What ``who`` found in ``seconds`` at ``target``, which is not fit for anything afterwards."""
    document = target.ask("GET", "schema?format=json", "erin").expect(200).json
    # Only where there is a Django: importing this module starts none.
    from tests.attack.sound import asks

    sound = asks(target)
    real = rows_of(target, who)
    for label, each in sound.items():
        for name, value in each.ids.items():
            kind = kind_of(name, label.partition(" ")[2])
            said = int(value) if value.isdecimal() else value
            others = [known for known in real.get(kind, ()) if known != said]
            # Of rows that somebody sees, their own come first.
            real[kind] = [said, *others] if who == EVERYTHING else [*others, said]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        described = seeded(document, real, sound)
        (folder / "schemathesis.toml").write_text(settings(described, real))
        (folder / "document.json").write_text(json.dumps(described))
        command = [
            str(Path(sys.executable).with_name("schemathesis")), "--config-file", "schemathesis.toml",
            "run", "document.json", "--url", target.origin, "--max-time", str(max(10, int(seconds))),
            "-H", f"Host: {target.host}", "-H", f"Authorization: Bearer {target.token(who)}",
            "--exclude-path-regex", ENDS_THE_LOGIN, "--continue-on-failure", "--no-color", "--no-shrink",
            "--report-ndjson-path", "events.ndjson", "--request-timeout", "60",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
        events = folder / "events.ndjson"
        return read(done.returncode, done.stdout, events.read_text(encoding="utf-8") if events.exists() else "")


def read(code: int, said: str, events: str) -> Seen:
    """What a report says: NDJSON of what happened, and for people what failed."""
    seen = Seen()
    found: dict[tuple[str, str, int], str] = {}
    for line in events.splitlines():
        told = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        label = re.sub(rf"{OF}\w+", "", told.get("label", "")).replace("/api/v1/", "")
        answers = told.get("interactions", {})
        for case in told.get("cases", {}).values():
            meta = case["value"].get("meta") or {}
            seen.asked[label] += meta.get("generation", {}).get("mode") == "positive"
        for answer in answers.values():
            status = (answer.get("response") or {}).get("status_code")
            if status:
                seen.statuses[status] += 1
                # To be led on is an answer as well.
                if 200 <= status < 400:
                    seen.well.add(label)
                    if "{" in label:
                        seen.reached.add(label)
        for case, checks in told.get("checks", {}).items():
            for check in checks:
                if check["status"] != "success":
                    status = (answers.get(case, {}).get("response") or {}).get("status_code", 0)
                    why = check.get("failure_info", {}).get("failure", {})
                    asked = (answers.get(case, {}).get("request") or {}).get("uri", "")
                    told_why = " ".join(str(why.get("message")).split())[-120:]
                    found.setdefault((check["name"], label, status), f"{told_why} ({asked})")
    seen.failures += [f"{check}: {label} answered {status}: {why}" for (check, label, status), why in found.items()]
    if code and not found:
        seen.failures.append(said[-4000:])
    return seen


# --- ids of rows that are there ---------------------------------------------------------------------------------------
def rows_of(target: Target, who: str) -> dict[str, list[Any]]:
    """Collection → ids of rows that ``who`` sees, or else the administrator; without ``who``'s own login and role."""
    found: dict[str, list[Any]] = {"day": [today(target, days) for days in (0, -1, 7)], "version": [1, 2, 3]}
    own = target.ask("GET", "me", who).expect(200).json
    mine = {own["id"], *(each.get(name) for each in own.get("roles", ()) for name in ("id", "assignment_id"))}
    for each in (*dict.fromkeys(LISTS.values()), *MORE_LISTS):
        for asks in (who, "erin"):
            answer = target.ask("GET", f"{each}?limit=20", asks)
            rows = (answer.json or {}).get("results", ()) if answer.ok else ()
            ids = [
                row["id"] for row in rows if "id" in row and row["id"] not in mine and row.get("user_id") != own["id"]
            ]
            if ids:
                found[each] = ids
                break
    for below in BELOW.values():
        for student in found["students"]:
            answer = target.ask("GET", f"students/{student}/{below}", who)
            if rows := ((answer.json or {}).get("results") if answer.ok else None):
                found[f"students of {below}"] = [student]
                found[f"{below} below"] = [row["id"] for row in rows]
                break
    return found


def kind_of(name: str, path: str = "") -> str:
    """Of which collection ``name`` is an id, ``day`` or ``version``; empty for anything else.

    ``path``: the address that it stands in, where it does.
    """
    for end, below in BELOW.items():
        if path.endswith(end):
            return f"{below} below" if name == "id" else f"students of {below}"
    if name == "kind" and path.endswith("/templates/{kind}"):
        return "templates"
    if name in {"moderation", "ticket"} or (path and name in {"fact", "channel", "language"}):
        return f"{name}s"
    if name in {"id", "job_id"} and path:
        return path.partition("/{" + name + "}")[0].rpartition("/")[2]
    if name in {"day", "as_of", "from", "to"} or name.endswith("_on"):
        return "day"
    return "version" if name == "version" else LISTS.get(re.sub(r"_ids?$", "", name), "")


def settings(document: Mapping[str, Any], real: Real) -> str:
    """schemathesis.toml for a ``seeded`` document: what is checked, and where real ids stand."""
    bound: dict[str, str] = {}
    for path, operations in document["paths"].items():
        bound |= {f"path.{name}": name.partition(OF)[2] for name in re.findall(r"\{(\w+)\}", path)}
        for operation in operations.values():
            asked = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
            bound |= {f"query.{name}": kind_of(name) for name in asked}
            bound |= {f"body.{said}": kind_of(name) for said, name in _said(document, operation)}
    names = {_plain(kind): kind for kind in real}
    lines = [SETTINGS.format(warnings=json.dumps(WARNINGS)), "[parameters]"]
    lines += [
        f'"{place}" = {{ dictionary = "{_plain(kind)}", probability = {OFTEN} }}'
        for place, kind in sorted(bound.items())
        if _plain(kind) in names
    ]
    for name, kind in names.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(real[kind])}"]
    return "\n".join(lines)


def _plain(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _said(document: Mapping[str, Any], operation: Any) -> Iterator[tuple[str, str]]:
    """(where it stands, its name) of what a body may say, down to the rows in it."""
    content = operation.get("requestBody", {}).get("content", {})
    yield from _inside(document, content.get("application/json", {}).get("schema", {}), "")


def _inside(document: Mapping[str, Any], schema: Any, under: str) -> Iterator[tuple[str, str]]:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for name, inner in schema.get("properties", {}).items():
        rows = inner.get("items")
        if rows is None:
            yield f"{under}{name}", name
            yield from _inside(document, inner, f"{under}{name}.")
        elif "$ref" in rows:
            yield from _inside(document, rows, f"{under}{name}[*].")
        else:
            yield f"{under}{name}[*]", name


def seeded(document: Mapping[str, Any], real: Real, sound: Mapping[str, Ask]) -> Any:
    """The document with requests that are answered well for its examples; those of answers are left out.

    Where ``sound`` has none, ids of rows that are there stand in the example that the document had.

    What is named in an address has a name of its own for each collection, ``{id__of__students}``: then one line of the
    settings binds it everywhere. With a section for each address schemathesis matches hundreds of them at each turn.
    """
    made = copy.deepcopy(document)
    made["paths"] = {}
    for path, operations in copy.deepcopy(document["paths"]).items():
        kinds = {name: kind_of(name, path) for name in re.findall(r"\{(\w+)\}", path)}
        names = {name: f"{name}{OF}{_plain(kind)}" for name, kind in kinds.items() if kind in real}
        for method, operation in operations.items():
            said = sound.get(f"{method.upper()} {path.removeprefix('/api/v1/')}", Ask())
            for each in operation.get("parameters", ()):
                name, place = each["name"], each["in"]
                kind = kinds.get(name, "") if place == "path" else kind_of(name)
                known = {"path": said.ids, "query": said.query, "header": ANY_VERSION}[place].get(name)
                if known is not None or kind in real:
                    number = each.get("schema", {}).get("type") == "integer" and known is not None
                    each["example"] = int(known) if number else real[kind][0] if known is None else known
                if place == "path":
                    each["name"] = names.get(name, name)
            for content in operation.get("requestBody", {}).get("content", {}).values():
                if isinstance(said.body, dict):
                    content["example"] = said.body
                elif "example" in content:
                    content["example"] = _with_ids(content["example"], real, "")
            for answer in operation.get("responses", {}).values():
                for content in answer.get("content", {}).values():
                    content.pop("example", None)
                    content.pop("examples", None)
        for name, longer in names.items():
            path = path.replace(f"{{{name}}}", f"{{{longer}}}")  # noqa: PLW2901 - the same address, with other names
        made["paths"][path] = operations
    return made


def _with_ids(said: Any, real: Real, name: str) -> Any:
    match said:
        case dict():
            return {key: _with_ids(value, real, key) for key, value in said.items()}
        case list():
            return [_with_ids(value, real, name) for value in said]
    kind = kind_of(name)
    return real[kind][0] if kind in real and said is not None else said
