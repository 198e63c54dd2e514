"""What is made once for many pages says on each what it would say there if it were made anew."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.template import Context, RequestContext, Template, TemplateSyntaxError
from django.template.defaultfilters import date as django_date
from django.test import RequestFactory, override_settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.safestring import SafeString

from apps.office.shell import kept
from apps.office.shell.days import date


def _made(source: str, **said: Any) -> Any:
    template = Template(f"{{% load kept i18n %}}{source}")
    return lambda **other: template.render(Context({**said, **other}))


def test_a_kept_part_sees_what_it_names_and_nothing_else() -> None:
    page = _made("{% kept name=name %}{{ name }}/{{ reader }}{% endkept %}{{ reader }}")
    assert page(name="Oak", reader="Ann") == "Oak/Ann"
    assert page(name="Oak", reader="Bob") == "Oak/Bob"
    asked = RequestContext(RequestFactory().get("/"), {"name": "Oak"})
    assert (
        Template("{% load kept %}{% kept name=name %}{{ request }}{{ csrf_token }}{{ messages }}{% endkept %}").render(
            asked
        )
        == ""
    )


def test_it_is_made_once_for_each_of_its_values() -> None:
    class Counted:
        times = 0

        def __str__(self) -> str:
            return "one"

        def shown(self) -> str:
            Counted.times += 1
            return "shown"

    page = _made("{% kept each=each %}{{ each.shown }}{% endkept %}")
    assert [page(each=Counted()), page(each=Counted())] == ["shown", "shown"]
    assert Counted.times == 1
    page = _made("{% kept name=name %}{{ name }}{% endkept %}")
    assert [page(name=each) for each in ("Oak", "Elm", "Oak", None, "", 0, False, "None")] == [
        "Oak", "Elm", "Oak", "None", "", "0", "False", "None",
    ]  # fmt: skip


def test_what_is_not_escaped_is_not_taken_for_what_is() -> None:
    page = _made("{% kept name=name %}{{ name }}{% endkept %}")
    assert page(name=SafeString("<b>")) == "<b>"
    assert page(name="<b>") == "&lt;b&gt;"
    assert page(name=SafeString("<b>")) == "<b>"


def test_each_language_and_each_site_has_its_own() -> None:
    page = _made("{% kept %}{% translate 'Home' %}{% endkept %}")
    with translation.override("ar"):
        arabic = page()
    assert page() == "Home" != arabic
    where = Template('{% load kept %}{% kept %}{% url "admin:index" %}{% endkept %}')

    def asked_at(site: str, urls: str) -> str:
        request = RequestFactory().get("/")
        request.current_app = site  # type: ignore[attr-defined]
        with override_settings(ROOT_URLCONF=urls):
            assert where.render(RequestContext(request, {})) == reverse(f"{site}:index")
            return reverse(f"{site}:index")

    school, platform = settings.ROOT_URLCONF, settings.PUBLIC_SCHEMA_URLCONF
    assert asked_at("office", school) != asked_at("operators", platform)
    asked_at("office", school)


def test_a_moment_is_said_by_each_campuss_own_clock() -> None:
    page = _made('{% kept at=at %}{{ at|date:"H:i" }}{% endkept %}', at=dt.datetime(2026, 11, 2, 8, tzinfo=dt.UTC))
    said = []
    for zone in ("Asia/Tokyo", "UTC", "Asia/Tokyo"):
        with timezone.override(ZoneInfo(zone)):
            said.append(page())
    assert said == ["17:00", "08:00", "17:00"]


def test_it_forgets_what_was_not_asked_for_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "LARGEST", 2)
    template = Template("{% load kept %}{% kept name=name %}{{ name }}{% endkept %}")
    [part] = template.nodelist.get_nodes_by_type(kept.Kept)
    for name in "abc":
        assert template.render(Context({"name": name})) == name
    assert len(part._made) == 2


@pytest.mark.parametrize(
    "inside", ["{% block tools %}{% endblock %}", "{% if a %}{% block tools %}{% endblock %}{% endif %}"]
)
def test_a_block_of_a_page_is_not_kept(inside: str) -> None:
    with pytest.raises(TemplateSyntaxError, match="block"):
        Template("{% load kept %}{% kept %}" + inside + "{% endkept %}")


def test_what_it_is_made_of_has_names() -> None:
    with pytest.raises(TemplateSyntaxError, match="name=value"):
        Template("{% load kept %}{% kept user %}{% endkept %}")


@pytest.mark.parametrize("value", [dt.date(2026, 11, 2), dt.datetime(2026, 11, 2, 8, tzinfo=dt.UTC), None, "", "x"])
@pytest.mark.parametrize("form", ["j M Y", "D j", "Y-m-d", None])
def test_days_are_written_as_django_writes_them(value: Any, form: str | None) -> None:
    for language in ("en", "ar", "en"):
        with translation.override(language):
            assert date(value, form) == django_date(value, form)


def test_addresses_of_rows_are_those_of_the_url_tag() -> None:
    key = uuid4()
    page = _made('{{ "office:student"|address:key }}', key=key)
    assert page() == reverse("office:student", args=(key,))
