"""What was got out of it once, or brought it down, step by step over HTTP. A step returns what is open, or nothing."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import re
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.apps.exchange import bombs
from tests.smoke.web import Answer

API = "/api/v1"


@dataclass(slots=True)
class Target:
    """One school of the running stack."""

    port: int
    host: str
    passwords: dict[str, str]
    tokens: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, by: str = "", body: Any = None, **headers: str) -> Answer:
        """Ask the API as ``by``; nobody where it is empty."""
        sent = {"Host": self.host, "Accept": "application/json", **headers}
        if by:
            sent["Authorization"] = f"Bearer {self.token(by)}"
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        # The path as it stands: what is wrong with it is what is tried.
        return sent_to(self.port, method, f"{API}/{path}", content, sent)

    def token(self, who: str) -> str:
        if who not in self.tokens:
            said = {"login": who, "password": self.passwords[who]}
            self.tokens[who] = self.ask("POST", "auth/login", body=said).expect(200).json["access_token"]
        return self.tokens[who]

    def rows(self, path: str, by: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("GET", path, by).expect(200).json["results"]
        return found


class Browser:
    """A session at the office."""

    def __init__(self, target: Target, who: str) -> None:
        self._target = target
        self._cookies: dict[str, str] = {}
        said = {"username": who, "password": target.passwords[who]}
        said["csrfmiddlewaretoken"] = _form_token(self.get("/office/login/").body.decode())
        said["login"] = who
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self._send("POST", "/office/login/", urllib.parse.urlencode(said).encode(), form)
        if answer.status != 302:
            raise RuntimeError(f"{who} does not get into the office: {answer.status}")

    def get(self, path: str) -> Answer:
        return self._send("GET", path, None, {})

    def _send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        held = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        sent = {"Host": f"{self._target.host}:{self._target.port}", "Accept": "text/html", "Cookie": held, **headers}
        sent["Referer"] = f"http://{sent['Host']}{path}"
        answer = sent_to(self._target.port, method, path, body, sent)
        for line in answer.headers.get("set-cookie", "").split("\n"):
            name, _, value = line.partition(";")[0].partition("=")
            if name:
                self._cookies[name.strip()] = value
        return answer


def sent_to(port: int, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
    """One request on a connection of its own; several cookies stand on lines of one header."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    found = {name.lower(): "\n".join(answer.headers.get_all(name) or ()) for name in answer.headers}
    return Answer(f"{method} {path}", answer.status, found, content)


def _form_token(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    return found.group(1) if found else ""


# --- the steps --------------------------------------------------------------------------------------------------------
def filters_of_the_office(oak: Target) -> str:
    """A list of the office takes no lookup through a relation."""
    browser = Browser(oak, "bob")
    lookups = ("admission_number__startswith", "medical_note__startswith", "user__password__startswith", "pk__regex")
    for listed in ("staff/staffmember", "students/student", "institutions/institution"):
        for lookup in lookups:
            for path in ("", "institution__students__", "user__", "section_memberships__student__"):
                sizes = set()
                for value in ("O", "zzzz"):
                    answer = browser.get(f"/office/{listed}/?{path}{lookup}={value}")
                    if answer.status >= 500:
                        return f"{listed} {path}{lookup}: {answer.status}"
                    sizes.add((answer.status, answer.body.count(b"/change/")))
                if len(sizes) > 1:
                    return f"{listed} answers differently to {path}{lookup}"
    return ""


def tomorrows_administrator(oak: Target) -> str:
    """A registrar has no power over a login that will be an administrator's."""
    name = f"new-{uuid4().hex[:8]}"
    user = oak.ask("POST", "users", "erin", {"username": name}).expect().json["user"]
    tomorrow = (dt.date.today() + dt.timedelta(days=1)).isoformat()  # noqa: DTZ011 - the demo's own day
    given = {"user_id": user["id"], "role": "administrator", "starts_on": tomorrow}
    oak.ask("POST", "role-assignments", "erin", given).expect()
    for method, step in (("POST", "invite"), ("POST", "deactivate"), ("POST", "logout-everywhere"), ("DELETE", "totp")):
        if oak.ask(method, f"users/{user['id']}/{step}", "dave", {} if method == "POST" else None).ok:
            return f"dave may {method} {step}"
    return ""


def a_key_after_the_permission(oak: Target) -> str:
    """An answer under a key is not given again to who has lost the permission."""
    student = oak.rows("students?limit=1", "erin")[0]
    roles = {each["code"]: each for each in oak.rows("roles?limit=200", "erin")}
    registrar = roles["registrar"]
    key, body = str(uuid4()), {"preferred_name": "Ada", "version": student["version"]}
    first = oak.ask("PATCH", f"students/{student['id']}", "dave", body, **{"Idempotency-Key": key})
    if not first.ok:
        return f"the first request was refused: {first.status} {first.body[:200]!r}"
    held = [each if isinstance(each, str) else each["code"] for each in registrar["permissions"]]
    without = [each for each in held if each != "students.manage"]
    address = f"roles/{registrar['id']}/permissions"
    oak.ask("PUT", address, "erin", {"permissions": without, "version": registrar["version"]}).expect()
    again = oak.ask("PATCH", f"students/{student['id']}", "dave", body, **{"Idempotency-Key": key})
    version = next(each["version"] for each in oak.rows("roles?limit=200", "erin") if each["id"] == registrar["id"])
    oak.ask("PUT", address, "erin", {"permissions": held, "version": version}).expect()
    if again.ok:
        return f"answered {again.status}"
    after = oak.ask("PATCH", f"students/{student['id']}", "dave", body, **{"Idempotency-Key": key})
    return f"a refusal was kept: {after.status}" if after.status == 403 else ""


def every_request_is_counted(oak: Target) -> str:
    """Pages of the office count as the API does."""
    browser = Browser(oak, "bob")
    for path in ("/office/", "/office/students/student/", "/roll/", "/office/no-such/"):
        if "ratelimit" not in browser.get(path).headers:
            return f"{path} is not counted"
    return ""


def numbers_and_texts(oak: Target) -> str:
    """No id, number or text brings the server down."""
    ids = ("9223372036854775808", "-1", "%00", "%ed%a0%80", "9" * 400, "null", "1e9")
    for path in ("jobs/{}", "students/{}", "students?cursor={}", "students?limit={}", "students?q={}", "imports/{}"):
        for each in ids:
            answer = oak.ask("GET", path.format(each), "erin")
            if answer.status >= 500:
                return f"{path.format(each)}: {answer.status}"
    browser = Browser(oak, "erin")
    for each in ids:
        for page in ("/office/students/student/{}/change/", "/office/students/student/?q={}", "/office/imports/{}/"):
            answer = browser.get(page.format(each))
            if answer.status >= 500:
                return f"{page.format(each)}: {answer.status}"
    return ""


def odd_pictures(oak: Target) -> str:
    """A decoder of pictures raises no further than its door."""
    student = oak.rows("students?limit=1", "erin")[0]["id"]
    for name, make in {**bombs.PICTURES, **bombs.SOUND_PICTURES}.items():
        answer = oak.ask("PUT", f"students/{student}/photo", "erin", make(), **{"Content-Type": "image/png"})
        if answer.status >= 500 and answer.status != 503:
            return f"{name}: {answer.status}"
    return ""


def bodies_in_chunks(oak: Target) -> str:
    """A body in chunks is read, or refused for its missing length."""
    connection = http.client.HTTPConnection("127.0.0.1", oak.port, timeout=60)
    body = b'{"login": "bob", "password": "' + oak.passwords["bob"].encode() + b'"}'
    headers = {"Host": oak.host, "Content-Type": "application/json"}
    connection.request("POST", f"{API}/auth/login", iter([body]), headers, encode_chunked=True)
    status = connection.getresponse().status
    connection.close()
    return "" if status in {200, 411} else f"answered {status}"


STEPS: dict[str, Callable[[Target], str]] = {
    each.__name__.replace("_", " "): each
    for each in (
        filters_of_the_office, tomorrows_administrator, a_key_after_the_permission, every_request_is_counted,
        numbers_and_texts, odd_pictures, bodies_in_chunks,
    )
}  # fmt: skip
