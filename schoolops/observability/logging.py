"""Log lines: JSON for machines, one readable line for people. Ids only, never names, bodies or query strings.

What others put into a message or an exception (a refused row, a URL with its password) is redacted by its form.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
from typing import Any

from pythonjsonlogger.orjson import OrjsonFormatter

from schoolops import context, privacy

ACCESS = "schoolops.access"
ACCESS_FIELDS = ("requestId", "tenantId", "userId", "route", "method", "latencyMs", "statusCode")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
# Legal inside JSON, and yet a new line or a command to many who show the log.
_ESCAPED = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), 0x2028, 0x2029)}
_SECRET = re.compile(r"pass(word|phrase)?|token|secret|otp|authorization|cookie|phone|email|e-mail", re.IGNORECASE)
REDACTED = "[redacted]"
# What a library, or a database's refusal, may quote: of a message or a traceback nobody of ours chose the words.
_QUOTED = tuple(
    (re.compile(pattern, re.IGNORECASE), by)
    for pattern, by in (
        (r"\bso_[a-z]_[\w-]+", REDACTED),
        (r"\b(bearer|basic)\s+[\w.~+/=-]+", rf"\1 {REDACTED}"),
        (r"(://[^\s/:@]*):[^\s/@]+@", rf"\1:{REDACTED}@"),
        (
            # Any name that ends in such a word: new_password, accessToken, SECRET_KEY, password2. Not token_id, tokens.
            (
                r"((?:password|passphrase|passwd|pwd|token|secret|otp|authorization|cookie)(?:[_-]?(?:key|hash|value)|\d)?"
                r"\\?['\"]?\s*(?:=>|[=:])\s*)(?:(\\?['\"]).{0,200}?\2|\\?['\"]?[^\s'\",;&]+)"
            ),
            rf"\1\2{REDACTED}\2",
        ),
        # PostgreSQL quotes a row's values, of several lines too. What was cut off before its end goes to the end.
        (r"(\bFailing row contains )\([\s\S]*?(?:\)\.(?=\n\s|\n[A-Z]{4,}:|\s*\Z)|\Z)", rf"\1({REDACTED})."),
        (
            r"(\bKey \(.{0,200}?\)=)\((?:[\s\S]*?\)(?= (?:already exists|is |conflicts with))|.*\)(?=\n|\Z)|[\s\S]*)",
            rf"\1({REDACTED})",
        ),
        (
            r"(\b(?:invalid input (?:syntax|value) for|field value out of range)[^\"\n]{0,80})\"(?:.*\"|[\s\S]*)",
            rf"\1{REDACTED}",
        ),
        # Bounded: on a long run of letters without an @ it would otherwise look from each of them to the end.
        (r"[\w.+-]{1,64}@[\w-]{1,63}(\.[\w-]{1,63}){1,8}", REDACTED),
        (r"\+\d[\d ()/-]{6,}\d", REDACTED),
    )
)


def _timestamp(record: logging.LogRecord) -> str:
    moment = dt.datetime.fromtimestamp(record.created, dt.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def harmless(text: str) -> str:
    """``text`` without the secrets and personal data that it may quote, and such that it can be written."""
    for pattern, by in _QUOTED:
        text = pattern.sub(by, text)
    # Half a character (of a file's name, of a broken text) is no Unicode, and would cost the whole line.
    return text.encode("utf-8", "backslashreplace").decode()


def visible(text: str) -> str:
    """``text`` as one line of a terminal: control characters are shown, not obeyed."""
    return _CONTROL.sub("?", text)


def _is_private(name: str) -> bool:
    return name in privacy.withheld() or _SECRET.search(name) is not None


def _facts(value: Any) -> Any:
    """Facts as they may be logged: redacted by name, at any depth, and text by what it quotes."""
    if isinstance(value, dict):
        return {harmless(str(key)): REDACTED if _is_private(str(key)) else _facts(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_facts(each) for each in value]
    # JSON has no whole number beyond 64 bits; as a text it is at least read.
    return value if value is None or isinstance(value, float) or _is_small(value) else harmless(str(value))


def _is_small(value: Any) -> bool:
    return isinstance(value, int) and -(2**63) <= value < 2**63


def surroundings() -> dict[str, Any]:
    """The request, school and user that a line belongs to."""
    school = context.school_or_none()
    return {
        "requestId": context.request_id.get(),
        "tenantId": school.slug if school else None,
        "userId": context.user_id.get(),
    }


class Refused(logging.Filter):
    """What Django refuses as suspicious is somebody's request, which has its 400: no error of ours, no traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security."):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = None
        return True


class JsonLines(OrjsonFormatter):
    """An access line has exactly the nine reference fields, in order; other lines carry the same context."""

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        return log_data

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {"timestamp": _timestamp(record), "level": record.levelname}
        if record.name == ACCESS:
            line |= {field: getattr(record, field, None) for field in ACCESS_FIELDS}
            return str(self.jsonify_log_record(line)).translate(_ESCAPED)
        line |= surroundings()
        line |= {"logger": record.name, "message": harmless(record.getMessage())}
        if trace := context.traceparent.get():
            line["traceId"] = trace.split("-")[1]
        facts = getattr(record, "facts", None)
        if isinstance(facts, dict):
            line |= _facts(facts)
        if record.exc_info:
            line["exception"] = harmless(str(self.formatException(record.exc_info)))
        return str(self.jsonify_log_record(line)).translate(_ESCAPED)


class ReadableLines(logging.Formatter):
    """For a person at a terminal; control characters cannot forge a second line."""

    def format(self, record: logging.LogRecord) -> str:
        around = surroundings()
        where = around["tenantId"] or "-"
        if record.name == ACCESS:
            text = (
                f"{record.__dict__['method']} {record.__dict__['route']} "
                f"{record.__dict__['statusCode']} {record.__dict__['latencyMs']:.1f} ms"
            )
            where = record.__dict__["tenantId"] or "-"
        else:
            text = harmless(record.getMessage())
            facts = getattr(record, "facts", None)
            if isinstance(facts, dict):
                text += "".join(f" {name}={value}" for name, value in _facts(facts).items())
        line = f"{_timestamp(record)[11:23]} {record.levelname:<7} {where:<12} {visible(text)}"
        if record.exc_info:
            # Set in, so that no line of an exception's can pass for one of ours.
            for each in harmless(self.formatException(record.exc_info)).split("\n"):
                line += f"\n    {visible(each)}"
        return line
