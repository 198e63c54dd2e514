"""``Idempotency-Key`` for unsafe methods, after draft-ietf-httpapi-idempotency-key-header-07.

The key, the work and the answer commit together, so a crash at any point means that nothing happened:

* the same request again is answered with the kept status, headers and body, and ``Idempotency-Replayed: true``;
* while the first is in flight: 409 with ``Retry-After: 1``; another request under the same key: 422;
* a view that moves money says ``idempotency_key_required = True`` and refuses requests without one: 400.

A key belongs to one user of one school for 24 hours. Answers of 5xx, 401, 403, 404, 408, 425 and 429 are not kept:
nothing happened. An answer is given again only under the access it was given for (``says_access``): whoever may do or
see something else by now is told what became of the request, and nothing of what it showed. Kept answers are sealed
with a key that the database does not know. Of an answer that says ``no-store`` only the fact is kept: tokens, links and
recovery codes stand nowhere, so whoever asks again is told that it was done.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

import orjson
import psycopg.errors
from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from schoolops import pictures, problem
from schoolops.api.counting import who_asks
from schoolops.api.errors import UnsupportedMedia
from schoolops.api.parsers import BodyTooLarge
from schoolops.api.sealing import Unsealable, seal, unseal
from schoolops.errors import Conflict, Invalid, SchoolOpsError

# Method → what of a view answers it.
_ANSWERED_BY = {"POST": "post", "PUT": "put", "PATCH": "patch", "DELETE": "delete"}
UNSAFE = frozenset(_ANSWERED_BY)
HEADER = "Idempotency-Key"
FORM = "multipart/form-data"
REPLAYED = "Idempotency-Replayed"
# As a description can say it; quotes around it are left out.
PATTERN = r"^[!#-~][ !#-~]{0,254}$"
_KEY = re.compile(r'"?([\x21\x23-\x7e][\x20\x21\x23-\x7e]{0,254})"?')
# Not of this request but of this moment, or of the one who asks: what they may not do, or not see, they may tomorrow.
NOT_KEPT = frozenset({401, 403, 404, 408, 425, 429})
_OF_THE_MOMENT = frozenset(
    {"x-request-id", "date", "set-cookie", "vary", "connection", "ratelimit", "ratelimit-policy"}
)


class KeyMissing(Invalid):
    """This request moves money and needs an Idempotency-Key."""

    code = "api:idempotency-key-missing"
    remedy = "Send the header `Idempotency-Key` with a new random value, and the same value when you try again."


class KeyMalformed(Invalid):
    """The Idempotency-Key cannot be read."""

    code = "api:idempotency-key-malformed"
    remedy = "Send 1 to 255 printable ASCII characters, for example a UUID."


class KeyInFlight(Conflict):
    """The first request with this Idempotency-Key is still being worked on."""

    code = "api:idempotency-key-in-flight"
    remedy = "Wait a second and send it again: you will be given the first request's answer."
    retry_after = 1


class KeyReused(Invalid):
    """This Idempotency-Key was used for another request."""

    code = "api:idempotency-key-reused"
    remedy = "Take a new key for a new request. Nothing was changed."


class AnswerWasSecret(Conflict):
    """This was done when it was first asked for, and its answer is shown only once."""

    code = "api:idempotency-answer-was-secret"
    remedy = "If that answer did not reach you, ask anew with a new key: what it held is replaced."


class AccessChanged(Conflict):
    """This was done when it was first asked for; its answer is not shown again, for what you may see has changed."""

    code = "api:idempotency-access-changed"
    remedy = "Read anew what you need. For a new request take a new key."


class RefusedThen(Conflict):
    """This was refused when it was first asked for, and nothing was done; what you may do or see has changed since."""

    code = "api:idempotency-refused-then"
    remedy = "Take a new key and ask again."


Says = Callable[[Any], str]
_says: list[Says] = []


def says_access(says: Says) -> Says:
    """Register what tells under which access a user asks: a text, another one once they may do or see other things."""
    _says[:] = [says]
    return says


def _access_of(user: Any) -> str:
    return "" if not _says else _says[0](user)


problem.STATUS[KeyMissing] = (400, "Idempotency-Key is missing")
problem.STATUS[KeyMalformed] = (400, "Idempotency-Key cannot be read")


class IdempotencyMiddleware:
    """Runs the view inside the transaction that keeps its answer. Views without the header are not touched."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        # What is not there to be done is refused for that, whatever its key.
        if request.method not in UNSAFE or iscoroutinefunction(view) or not _takes(view, request.method):
            return None
        header = request.headers.get(HEADER)
        try:
            if header is None:
                if is_required(view):
                    raise KeyMissing
                return None
            found = _KEY.fullmatch(header.strip())
            if found is None:
                raise KeyMalformed
            user = who_asks(request, view)
            if user is None:
                # Nobody to keep it for; the view refuses.
                return None
            # A form is read here, and DRF takes what was read for said, whatever the view takes.
            if request.content_type == FORM and not _takes_forms(view):
                raise UnsupportedMedia
            return self._once(request, found.group(1), user, lambda: view(request, *args, **kwargs))
        except SchoolOpsError as refusal:
            return problem.response(refusal)

    def _once(
        self, request: HttpRequest, key: str, user: Any, answer: Callable[[], HttpResponseBase]
    ) -> HttpResponseBase:
        owner = str(getattr(user, "audit_id", user.pk))
        # Read to the end before a connection is held for it: it may be a file, and its sender slow.
        asked = fingerprint(request)
        # As it is before the view runs, which may change it.
        access = _access_of(user)
        with transaction.atomic():
            state, kept = _begin(owner, key, asked)
            if state == "other":
                raise KeyReused
            if state == "again":
                return replay(*kept, owner=owner, access=access)
            response = answer()
            if hasattr(response, "render") and not getattr(response, "is_rendered", True):
                response = response.render()
            if response.streaming:
                response = at_once(response)
            if response.status_code >= 500 or response.status_code in NOT_KEPT:
                transaction.set_rollback(True)
            else:
                _keep(owner, key, response, access=access)
            return response


Kept = tuple[int, Mapping[str, str], bytes]


def _begin(owner: str, key: str, asked: bytes) -> tuple[str, Kept]:
    """Hold the key until the transaction ends; its state, and what is kept under it."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT state, status, headers, body FROM platform.answer_begin(%s, %s, %s)", [owner, key, asked]
            )
            state, status, headers, body = cursor.fetchone()
    except OperationalError as waited:
        if isinstance(waited.__cause__, psycopg.errors.LockNotAvailable):
            raise KeyInFlight from waited
        raise
    return state, (status, orjson.loads(headers) if isinstance(headers, str) else headers, body)


# What stands beside a sealed answer, in the clear: under which access it was given, or that it was a secret.
_ACCESS, _SECRET = "access", "secret"


def _keep(owner: str, key: str, response: HttpResponseBase, *, access: str) -> None:
    # A page of the office says so too, among other words; only what holds a secret says nothing else.
    secret = response.headers.get("Cache-Control") == "no-store" and response.status_code < 400
    beside, sealed = {_SECRET: "true"}, b""
    if not secret:
        kept = {name: value for name, value in response.items() if name.lower() not in _OF_THE_MOMENT}
        beside = {_ACCESS: access}
        head = orjson.dumps(kept)
        sealed = seal(len(head).to_bytes(4) + head + cast(HttpResponse, response).content, owner=owner)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT platform.answer_keep(%s, %s, %s::smallint, %s, %s)",
            [owner, key, response.status_code, orjson.dumps(beside).decode(), sealed],
        )


def at_once(response: HttpResponseBase) -> HttpResponse:
    """A streamed answer as a whole: only what is there can be kept, and given again."""
    whole = HttpResponse(b"".join(cast(StreamingHttpResponse, response)), status=response.status_code)
    for name, value in response.items():
        whole.headers[name] = value
    whole.cookies = response.cookies
    # Not closed here: that would end the request, and its connection to the database with it.
    whole._resource_closers = response._resource_closers  # type: ignore[attr-defined]  # noqa: SLF001 - Django's files
    return whole


def replay(
    status: int, beside: Mapping[str, str], body: bytes | memoryview, *, owner: str, access: str
) -> HttpResponse:
    """The kept answer, said to be one.

    Raises:
        AnswerWasSecret: only that it was done is kept. AccessChanged, RefusedThen: it was given under another access,
        or sealed with a key that we no longer have.
    """
    if _SECRET in beside:
        raise AnswerWasSecret
    not_again = AccessChanged if status < 400 else RefusedThen
    if beside.get(_ACCESS) != access:
        raise not_again
    try:
        opened = unseal(bytes(body), owner=owner)
    except Unsealable:
        raise not_again from None
    ends = 4 + int.from_bytes(opened[:4])
    response = HttpResponse(opened[ends:], status=status)
    for name, value in orjson.loads(opened[4:ends]).items():
        response.headers[name] = value
    response.headers[REPLAYED] = "true"
    return response


def fingerprint(request: HttpRequest) -> bytes:
    """SHA-256 of what was asked: method, path with query, the version it was asked about, body.

    A form with files counts by what it carries: sent again, it has another boundary, and a file may be larger than
    any other body. Raises ``BodyTooLarge``.
    """
    asked = hashlib.sha256(f"{request.method}\0{request.get_full_path()}\0".encode())
    if (version := request.headers.get("If-Match")) is not None:
        asked.update(f"If-Match: {version}\0".encode())
    if request.method == "POST" and request.content_type == FORM:
        asked.update(ascii(sorted(request.POST.lists())).encode())
        for name, files in sorted(request.FILES.lists()):
            for file in files:
                asked.update(ascii((name, file.name, file.size)).encode())
                for chunk in file.chunks():
                    asked.update(chunk)
                file.seek(0)
        return asked.digest()
    if (request.content_type or "").startswith("image/"):
        # Of a size of its own, which Django does not know; kept, so that the view reads it again.
        request._body = request.read(pictures.LARGEST + 1)  # noqa: SLF001 - Django has no other word for it
    try:
        asked.update(request.body)
    except RequestDataTooBig:
        raise BodyTooLarge(most=settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2**20) from None
    return asked.digest()


def is_required(view: Callable[..., Any]) -> bool:
    """Whether the view, a class or a function, says ``idempotency_key_required = True``."""
    return bool(getattr(_kind_of(view), "idempotency_key_required", False))


def _kind_of(view: Callable[..., Any]) -> Any:
    return getattr(view, "cls", None) or getattr(view, "view_class", None) or view


def _takes(view: Callable[..., Any], method: str) -> bool:
    """Whether a view of a class has this method at its address; a function decides for itself."""
    actions = getattr(view, "actions", None)
    if actions is not None:
        return _ANSWERED_BY[method] in actions
    kind = _kind_of(view)
    return kind is view or hasattr(kind, _ANSWERED_BY[method])


def _takes_forms(view: Callable[..., Any]) -> bool:
    said = getattr(view, "initkwargs", {}).get("parser_classes") or getattr(_kind_of(view), "parser_classes", None)
    return said is None or any(each.media_type in {FORM, "*/*"} for each in said)
