"""The operations of a migration, each with the models that it looks at and no others.

Django keeps every model of every app rendered and renders anew whatever a change may concern, which here is nearly all
of them: five sixths of the time of a migration. Most operations look at one model and at what it refers to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import operations
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState, StateApps
from django.db.migrations.utils import resolve_relation

# As it is after the operation, or before it as well. What looks at more than is said here finds everything rendered.
_AFTER = (operations.CreateModel, operations.AddConstraint, operations.RemoveConstraint)
_BOTH = (operations.AddField, operations.RemoveField, operations.AlterField)
Key = tuple[str, str]


def apply(migration: Migration, state: ProjectState, editor: BaseDatabaseSchemaEditor) -> ProjectState:
    """Run the operations on the database; ``state``, in which nothing is rendered, comes after them."""
    for operation in migration.operations:
        before = state.clone()
        operation.state_forwards(migration.app_label, state)
        for each, key in _looked_at(operation, migration.app_label, before, state):
            each.__dict__["apps"] = _rendered(each, key)
        if editor.atomic_migration or not (operation.atomic or (migration.atomic and operation.atomic is not False)):
            operation.database_forwards(migration.app_label, editor, before, state)
        else:
            with transaction.atomic(editor.connection.alias):
                operation.database_forwards(migration.app_label, editor, before, state)
        state.__dict__.pop("apps", None)
    return state


def _looked_at(
    operation: Operation, app: str, before: ProjectState, after: ProjectState
) -> Iterator[tuple[ProjectState, Key]]:
    """The model that an operation looks at, in each state where it does."""
    if type(operation) not in {*_AFTER, *_BOTH}:
        return
    key: Key = (app, getattr(operation, "model_name_lower", "") or operation.name_lower)  # type: ignore[attr-defined]
    if isinstance(operation, operations.AlterField):
        fields = [each.models[key].fields[operation.name] for each in (before, after)]
        # What others refer to changes with them.
        if any(field.primary_key or field.unique for field in fields):
            return
    yield after, key
    if type(operation) in _BOTH:
        yield before, key


def _rendered(state: ProjectState, key: Key) -> StateApps:
    """The model of ``key``, with what it refers to, and what that refers to."""
    found: dict[Key, Any] = {}
    waiting = [key]
    while waiting:
        at = waiting.pop()
        if at in state.models and at not in found:
            found[at] = state.models[at]
            waiting += _referred_to(state.models[at])
    return StateApps(list(state.real_apps), found)


def _referred_to(model: Any) -> Iterator[Key]:
    for base in model.bases:
        if isinstance(base, str):
            yield resolve_relation(base, model.app_label, model.name_lower)
    for field in model.fields.values():
        remote = field.remote_field
        for named in (getattr(remote, "model", None), getattr(remote, "through", None)):
            if named is not None:
                yield resolve_relation(named, model.app_label, model.name_lower)
