"""What an operation may refuse, read from the code that does it, so that the documentation cannot lag behind.

From a view's method on, every function of ours that is named is followed; every error class that is named there, in
code or under ``Raises`` in a docstring, may come out. Too much rather than too little: a name is taken as a use.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from types import FunctionType, ModuleType
from typing import Any, TypeGuard

from schoolops.errors import FAMILIES, SchoolOpsError, declared_errors

OURS = (
    "apps.",
    "schoolops.api.viewsets",
    "schoolops.queues.desk",
    "schoolops.api.versions",
    "schoolops.api.parameters",
    "schoolops.api.cursors",
)
_RAISES = re.compile(r"\bRaises?\b(?P<names>.*)", re.DOTALL)
_NAME = re.compile(r"\b[A-Z][A-Za-z]+\b")
Refusal = type[SchoolOpsError]


def of_view(view: type, action: str) -> list[Refusal]:
    """Every error that ``view.action`` may answer with, by code."""
    found, _ = _followed(view, action)
    return sorted(found - {SchoolOpsError, *FAMILIES}, key=lambda each: each.code)


def reaches(view: type, action: str, function: Callable[..., Any]) -> bool:
    """Whether ``view.action`` comes to ``function``, which is one of those that are followed."""
    return function in _followed(view, action)[1]


@cache
def _followed(view: type, action: str) -> tuple[set[Refusal], set[FunctionType]]:
    """The errors that are named from ``view.action`` on, and the functions that they are named in."""
    found: set[Refusal] = set()
    waiting: list[FunctionType] = [inspect.unwrap(getattr(view, action))]
    seen: set[FunctionType] = set()
    while waiting:
        function = waiting.pop()
        if function in seen:
            continue
        seen.add(function)
        errors, functions, own = _named_in(function)
        found |= errors
        waiting += functions
        # What it calls on itself is the view's, whichever class of its line says it.
        waiting += [
            inspect.unwrap(method) for name in own if isinstance(method := getattr(view, name, None), FunctionType)
        ]
        found |= {known for name in own if _is_refusal(known := getattr(view, name, None))}
    return found, seen


@cache
def _named_in(function: FunctionType) -> tuple[frozenset[Refusal], tuple[FunctionType, ...], frozenset[str]]:
    """The errors and functions of ours that ``function`` names, and the attributes of ``self`` it uses."""
    errors = {_by_name()[name] for name in _under_raises(function) if name in _by_name()}
    functions: list[FunctionType] = []
    own: set[str] = set()
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return frozenset(errors), (), frozenset()
    caught = {
        id(node)
        for each in ast.walk(tree)
        if isinstance(each, ast.ExceptHandler) and each.type
        for node in ast.walk(each.type)
    }
    for node in ast.walk(tree):
        if id(node) in caught:
            continue
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
            own.add(node.attr)
        elif isinstance(node, ast.Name | ast.Attribute):
            known = _resolved(node, function)
            if _is_refusal(known):
                errors.add(known)
            elif isinstance(unwrapped := _unwrapped(known), FunctionType) and unwrapped.__module__.startswith(OURS):
                functions.append(unwrapped)
    return frozenset(errors), tuple(functions), frozenset(own)


def _resolved(node: ast.expr, function: FunctionType) -> Any:
    """What a name or a dotted path through modules stands for, or ``None``."""
    if isinstance(node, ast.Name):
        return function.__globals__.get(node.id)
    if isinstance(node, ast.Attribute):
        base = _resolved(node.value, function)
        if isinstance(base, ModuleType | type):
            return getattr(base, node.attr, None)
    return None


def _unwrapped(known: Any) -> Any:
    return inspect.unwrap(known) if callable(known) else None


def _is_refusal(known: Any) -> TypeGuard[Refusal]:
    return isinstance(known, type) and issubclass(known, SchoolOpsError)


def _under_raises(function: FunctionType) -> Iterator[str]:
    if found := _RAISES.search(inspect.getdoc(function) or ""):
        yield from _NAME.findall(found["names"])


@cache
def _by_name() -> dict[str, Refusal]:
    return {error.__name__: error for error in declared_errors()}
