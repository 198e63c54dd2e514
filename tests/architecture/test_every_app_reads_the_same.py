"""Who knows one app knows all of them: the same file names everywhere, and a sentence at the door of each."""

from __future__ import annotations

import ast

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

from config.env import BASE_DIR
from tests.architecture import source

ROOMS = {
    "models", "indexes", "errors", "events", "caches", "selectors", "services", "tasks", "subscribers", "api", "admin",
    "management", "migrations", "apps", "scopes", "seeds", "permissions", "health",
}  # fmt: skip
API_ROOMS = {"serializers", "views", "urls"}
# What one app has and no other can: where Django looks for it, or what the app is there for.
OWN_ROOMS = {
    "accounts": {"backends", "hashers"},
    "family": {"pages", "urls", "templates", "static"},
    # Laid out by what people do there.
    "office": {"urls", *(name.rpartition(".")[2] for name in settings.OFFICE_ROOMS)},
}
# What a room of the office has, the shell aside, on which all others stand.
OFFICE_ROOMS = {"room", "pages", "admin", "selectors", "services", "waiting", "templates", "static"}
OWN_API_ROOMS = {
    # What lists of what campuses have, of whatever app, are made of.
    "access": {"lists"},
    "accounts": {"authentication"},
    # What a gateway reports, outside the API.
    "notifications": {"hooks"},
    # What lists about students, of whatever app, ask for and show.
    "students": {"about"},
}
APPS = sorted(path.parent.name for path in (BASE_DIR / "apps").glob("*/__init__.py"))


def _rooms(folder: str) -> set[str]:
    return {
        path.stem
        for path in (BASE_DIR / folder).glob("*")
        if path.suffix in {"", ".py"} and not path.name.startswith(("__", "."))
    }


@pytest.mark.parametrize("app", APPS)
def test_an_app_has_the_common_rooms_and_no_others(app: str) -> None:
    assert _rooms(f"apps/{app}") <= ROOMS | OWN_ROOMS.get(app, set())


@pytest.mark.parametrize("app", [app for app in APPS if (BASE_DIR / "apps" / app / "api").is_dir()])
def test_an_api_has_the_common_rooms_and_no_others(app: str) -> None:
    assert _rooms(f"apps/{app}/api") <= API_ROOMS | OWN_API_ROOMS.get(app, set())


@pytest.mark.parametrize("room", [name.replace(".", "/") for name in settings.OFFICE_ROOMS[1:]])
def test_a_room_of_the_office_has_what_rooms_have_and_no_more(room: str) -> None:
    assert _rooms(room) <= OFFICE_ROOMS


def test_every_app_is_installed() -> None:
    assert {f"apps.{app}" for app in APPS} == {c.name for c in apps.get_app_configs() if c.name.startswith("apps.")}


def test_every_package_says_what_it_is_for() -> None:
    # An app's api, commands and settings are what their folders are called.
    plumbing = {"api", "management", "commands", "settings"}
    silent = [
        source.name_of(path)
        for path in source.files()
        if path.name == "__init__.py"
        and not (path.parent.name in plumbing and path.parents[1].name != "schoolops")
        and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_every_model_says_what_a_row_is() -> None:
    # Django writes "Name(fields)" where the author wrote nothing.
    silent = [
        model.__qualname__
        for model in apps.get_models()
        if model.__module__.startswith(("apps.", "schoolops."))
        and (model.__doc__ or "").startswith(f"{model.__name__}(")
    ]
    assert silent == []


def test_no_row_is_stamped_by_another_clock() -> None:
    """``auto_now`` reads Django's clock, which neither ``frozen`` nor SCHOOLOPS_TODAY moves."""
    stamped = [
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        if model.__module__.startswith(("apps.", "schoolops."))
        for field in model._meta.local_fields
        if isinstance(field, models.DateField) and (field.auto_now or field.auto_now_add)
    ]
    assert stamped == []
