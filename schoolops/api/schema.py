"""The API's description as OpenAPI 3.1: drf-spectacular, taught our lists, our errors and our examples."""

from __future__ import annotations

import datetime as dt
import inspect
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_parameter_type, is_list_serializer
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.serializers import ListSerializer

from schoolops import problem
from schoolops.api import errors, idempotency, parameters, refusals, versions
from schoolops.api.exports import FORMATS
from schoolops.api.fields import Exact
from schoolops.api.parsers import BodyTooLarge, LengthRequired
from schoolops.api.permissions import LoggedIn
from schoolops.api.viewsets import RowViewSet
from schoolops.errors import SchoolOpsError, declared_errors
from schoolops.ratelimit.windows import TooOften
from schoolops.tenancy.errors import SchoolSuspended, UnknownHost

ALIAS = "/api/v1/tenant/"
PROBLEM = {"$ref": "#/components/schemas/Problem"}
TYPES: dict[Callable[[str], Any], Any] = {
    parameters.public_id: OpenApiTypes.UUID,
    parameters.day: OpenApiTypes.DATE,
    parameters.whole: OpenApiTypes.INT,
    parameters.yes_or_no: OpenApiTypes.BOOL,
}
# Read by ``versions.expected``; to send ``version`` in the body instead is as good.
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag of what was read, where the body has no `version`; `*` for whichever there is.",
    "schema": {"type": "string", "pattern": versions.PATTERN},
}
KEY = {
    "name": idempotency.HEADER,
    "in": "header",
    "required": True,
    "description": "A new value for each request, and the same one when it is sent again.",
    "schema": {"type": "string", "pattern": idempotency.PATTERN},
}
FILES = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


class Page:
    """What drf-spectacular asks a paginator: how a page looks."""

    @staticmethod
    def get_paginated_response_schema(schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {
                "results": schema,
                "next": {
                    "type": ["string", "null"],
                    "description": "`cursor` of the next page; null on the last one.",
                    "example": None,
                },
            },
        }

    @staticmethod
    def get_schema_operation_parameters(_view: object) -> list[dict[str, Any]]:
        """None: `limit` and `cursor` stand among the parameters that the list declares."""
        return []


class SchoolOpsSchema(AutoSchema):
    """Operations as our views declare them."""

    # --- what is said of an operation ---------------------------------------------------------------------------------
    @property
    def _action(self) -> str:
        return getattr(self.view, "action", None) or self.method.lower()

    @property
    def _is_page(self) -> bool:
        return isinstance(self.view, RowViewSet) and self._action == "list"

    def get_description(self) -> str:  # type: ignore[override] # drf-spectacular asks without arguments
        return inspect.getdoc(self._says_it()) or ""

    def get_summary(self) -> str | None:
        return super().get_summary() or _first_sentence(self.get_description())

    def _says_it(self) -> Any:
        """The method, or the view where the method is the base's and says the same of everything."""
        method = getattr(type(self.view), self._action, None)
        inherited = method is not None and method.__module__ == RowViewSet.__module__
        return type(self.view) if method is None or inherited or not method.__doc__ else method

    def get_operation_id(self) -> str:
        """``put_sections_by_section_roll_by_day``: the address, so that no two are the same."""
        words = (f"by_{part[1:-1]}" if part.startswith("{") else part for part in self._parts())
        return "_".join([self.method.lower(), *(word.replace("-", "_") for word in words)])

    def _parts(self) -> list[str]:
        return [part for part in self.path.removeprefix("/api/v1").split("/") if part]

    def get_auth(self) -> list[dict[str, list[str]]]:
        return [{"bearer": []}] if self._needs_login() else []

    def _needs_login(self) -> bool:
        return any(isinstance(permission, LoggedIn) for permission in self.view.get_permissions())

    def get_response_serializers(self) -> Any:
        return getattr(self.view, "out", None)

    def get_request_serializer(self) -> Any:
        return getattr(self.view, "into", None)

    # --- lists ------------------------------------------------------------------------------------------------------
    def _is_list_view(self, serializer: Any = None) -> bool:
        # Of lists that are whole, drf-spectacular would think that each of their answers is one of a list.
        said = self.get_response_serializers() if serializer is None else serializer
        return self._is_page or is_list_serializer(said)

    def _get_paginator(self) -> type[Page] | None:
        return Page if self._is_page else None

    def _get_filter_parameters(self) -> list[dict[str, Any]]:
        if not self._is_page:
            return []
        return [_described(name, each) for name, each in type(self.view).parameters().items()]  # type: ignore[attr-defined]

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: Any = False) -> Any:  # noqa: FBT002 - drf-spectacular's
        schema = super()._map_serializer_field(field, direction, bypass_extensions)  # type: ignore[no-untyped-call]
        # Of a list of objects drf-spectacular forgets how many there may be.
        most = getattr(field, "max_length", None)
        if isinstance(field, ListSerializer) and most is not None and schema.get("type") == "array":
            schema["maxItems"] = most
        if isinstance(field, Exact):
            schema["pattern"] = field.pattern
        return schema

    def map_renderers(self, attribute: str) -> list[str]:
        return ["application/json"]

    # --- refusals ---------------------------------------------------------------------------------------------------
    def get_operation(self, *args: Any, **options: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **options)
        if operation is None:
            return None
        for each in operation.get("parameters", ()):
            if each["in"] == "query" and not each.get("required"):
                # As if it were not said: a browser's form sends what is left empty as well.
                each["allowEmptyValue"] = True
        if self.method != "GET" and refusals.reaches(type(self.view), self._action, versions.expected):
            operation.setdefault("parameters", []).append(IF_MATCH)
        if self.method in idempotency.UNSAFE and idempotency.is_required(type(self.view)):
            operation.setdefault("parameters", []).append(KEY)
        if self._is_page and "200" in operation["responses"]:
            content = operation["responses"]["200"].setdefault("content", {})
            content |= {
                FILES[each]: {"schema": {"type": "string", "contentMediaType": FILES[each]}} for each in FORMATS
            }
        by_status: dict[int, list[type[SchoolOpsError]]] = defaultdict(list)
        for refusal in self._refusals():
            by_status[problem.status_of(refusal)[0]].append(refusal)
        for status, kinds in sorted(by_status.items()):
            operation["responses"][str(status)] = _refused(kinds)
        return operation

    def _refusals(self) -> Iterator[type[SchoolOpsError]]:
        # Whatever view answers: its address, its school, and how often somebody asks.
        found: set[type[SchoolOpsError]] = {errors.ValidationFailed, UnknownHost, SchoolSuspended, TooOften}
        if "{" in self.path:
            found.add(errors.RouteNotFound)
        if self._needs_login():
            found.add(errors.NotLoggedIn)
            for each in self.view.get_authenticators():
                found |= set(refusals.of_view(type(each), "authenticate"))
        if self.method in {"POST", "PUT", "PATCH"}:
            found |= {errors.Malformed, errors.UnsupportedMedia, BodyTooLarge, LengthRequired}
        if self.method not in {"GET", "HEAD"}:
            found |= {error for error in declared_errors() if error.__module__ == idempotency.__name__}
        found |= set(refusals.of_view(type(self.view), self._action))
        yield from sorted((each for each in found if problem.status_of(each)[0] < 500), key=lambda each: each.code)


def _described(name: str, parameter: parameters.Parameter) -> dict[str, Any]:
    parse = parameter.parse
    about = parameter.about or inspect.getdoc(parse) or ""
    words = parse.words if isinstance(parse, parameters.OneOf) else None
    if name == "limit":
        kind: Any = OpenApiTypes.INT
    else:
        kind = TYPES.get(parse, OpenApiTypes.STR)
    described: dict[str, Any] = build_parameter_type(
        name=name,
        schema={"type": "string", "enum": list(words)} if words else _type(kind),
        location=OpenApiParameter.QUERY,
        description=about,
        required=parameter.required,
    )
    return described


def _type(kind: Any) -> dict[str, Any]:
    return {
        OpenApiTypes.UUID: {"type": "string", "format": "uuid"},
        OpenApiTypes.DATE: {"type": "string", "format": "date"},
        OpenApiTypes.INT: {"type": "integer"},
        OpenApiTypes.BOOL: {"type": "boolean"},
    }.get(kind, {"type": "string"})


def _first_sentence(text: str) -> str:
    first = " ".join(text.split("\n\n", maxsplit=1)[0].split())
    return first.split(". ")[0].rstrip(".")


def _refused(kinds: list[type[SchoolOpsError]]) -> dict[str, Any]:
    status, title = problem.status_of(kinds[0])
    return {
        "description": f"{title}: {', '.join(f'`{kind.code}`' for kind in kinds)}.",
        "content": {
            problem.CONTENT_TYPE: {
                "schema": PROBLEM,
                "examples": {kind.code: {"summary": kind.sentence(), "value": example(kind)} for kind in kinds},
            }
        },
        **(
            {"headers": {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}}
            if status == 429
            else {}
        ),
    }


def example(kind: type[SchoolOpsError]) -> dict[str, Any]:
    """The problem document of an error, the words it fills in left in braces."""
    status, title = problem.status_of(kind)
    said = {
        "type": f"urn:schoolops:error:{kind.code}",
        "title": kind.title or title,
        "status": status,
        "code": kind.code,
        "detail": kind.sentence(),
    }
    return {**said, **({"remedy": kind.remedy} if kind.remedy else {})}


# --- the whole document -----------------------------------------------------------------------------------------------
def without_the_alias(endpoints: list[Any]) -> list[Any]:
    """drf-spectacular's preprocessing hook: the alias is described once, in words."""
    return [endpoint for endpoint in endpoints if not endpoint[0].startswith(ALIAS)]


def with_problems_and_examples(result: dict[str, Any], **_more: Any) -> dict[str, Any]:
    """drf-spectacular's postprocessing hook: the shape of refusals with every code, and an example of every body."""
    components = result.setdefault("components", {}).setdefault("schemas", {})
    components["Problem"] = _problem()
    _say_what_may_be_empty(components)
    _say_what_is_sent([components, result["paths"]])
    for operations in result["paths"].values():
        for operation in operations.values():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for content in (body.get("content", {}).get("application/json") for body in bodies):
                if content and "example" not in content and "examples" not in content:
                    content["example"] = _example_of(content.get("schema", {}), components)
    return result


def _say_what_is_sent(schema: Any) -> None:
    """What drf-spectacular would have otherwise.

    A time of the school's day has no zone, which the format ``time`` of RFC 3339 would promise; and what is empty or
    null may fit two of the shapes that a value can have.
    """
    if isinstance(schema, dict):
        if "oneOf" in schema:
            schema["anyOf"] = schema.pop("oneOf")
        if schema.get("format") == "time":
            del schema["format"]
            schema |= {"pattern": r"^\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?$", "example": "08:30:00"}
        schema = list(schema.values())
    for each in schema if isinstance(schema, list) else ():
        _say_what_is_sent(each)


def _say_what_may_be_empty(components: dict[str, Any]) -> None:
    """An empty word stands among the others, and not in an enumeration of its own."""
    if components.pop("BlankEnum", None) is None:
        return
    blank = {"$ref": "#/components/schemas/BlankEnum"}
    for component in components.values():
        for field in component.get("properties", {}).values():
            if blank in field.get("oneOf", ()):
                words = [_named(each, components) for each in field.pop("oneOf") if each != blank]
                field |= {"type": "string", "enum": [*(word for each in words for word in each["enum"]), ""]}


def _named(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = components[schema["$ref"].rsplit("/", 1)[-1]]
    return found


def _problem() -> dict[str, Any]:
    codes = sorted({error.code for error in declared_errors() if problem.status_of(error)[0] < 600})
    text = {"type": "string"}
    field = {"type": "object", "properties": {"field": text, "code": text, "message": text}}
    return {
        "type": "object",
        "description": "Every refusal (RFC 9457). Texts may change, codes do not.",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": text,
            "title": text,
            "status": {"type": "integer"},
            "code": {"type": "string", "examples": codes},
            "detail": {"type": "string", "description": "A sentence for people."},
            "remedy": {"type": "string", "description": "What to do about it."},
            "errors": {
                "type": "array",
                "description": "Each refused field, `records.3.code` in lists.",
                "items": field,
            },
            "instance": {"type": "string", "description": "The request id, as in the log."},
        },
    }


WORDS: dict[str, Any] = {
    "given_name": "Zoë", "family_name": "Bergström", "middle_name": "", "preferred_name": "", "name": "Main campus",
    "admission_number": "2026-0417", "login": "bob", "username": "bob", "password": "bob-of-oak-demo",
    "email": "bob@oak.example", "timezone": "Europe/London", "currency": "GBP", "locale": "en-gb", "code": "P",
    "access_token": "so_a_oak_…", "refresh_token": "so_r_oak_…", "token": "so_l_oak_…", "token_type": "Bearer",
    "version": 3, "title": "Mathematics 7 B", "reason": "The bus was late", "remark": "", "phone": "+44 20 7946 0000",
    "room": "R4", "expires_in": 900, "permission": "attendance.mark", "weekday": 1, "position": 1, "capacity": 30,
}  # fmt: skip
FORMATTED = {
    "uuid": "0198c5b0-9d3e-7cc0-a1b2-3c4d5e6f7a8b",
    "date": dt.date(2026, 9, 1).isoformat(),
    "date-time": "2026-09-01T07:45:00Z",
    "email": "bob@oak.example",
    "uri": "https://oak.example/",
    "decimal": "0.75",
    "binary": "…",
}


def _example_of(schema: dict[str, Any], components: dict[str, Any], name: str = "") -> Any:  # noqa: PLR0911 - one line per kind
    """Something that fits ``schema``."""
    if "$ref" in schema:
        return _example_of(components.get(schema["$ref"].rsplit("/", 1)[-1], {}), components, name)
    for each in ("allOf", "oneOf", "anyOf"):
        if schema.get(each):
            return _example_of(schema[each][0], components, name)
    if "example" in schema:
        return schema["example"]
    if "default" in schema and schema["default"] is not None:
        return schema["default"]
    if schema.get("enum"):
        return schema["enum"][0]
    kinds = schema.get("type", "object")
    kind = kinds if isinstance(kinds, str) else next((each for each in kinds if each != "null"), "null")
    if kind == "object":
        return {each: _example_of(inner, components, each) for each, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [_example_of(schema.get("items", {}), components, name)]
    if schema.get("format") in FORMATTED:
        return FORMATTED[schema["format"]]
    if name in WORDS and isinstance(WORDS[name], {"integer": int, "string": str}.get(kind, object)):
        return WORDS[name]
    return {"integer": schema.get("minimum", 1), "number": 1.5, "boolean": True, "string": "…"}.get(kind)
