"""What forms stand on a page, as a browser reads them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass(slots=True)
class Form:
    """A form that is posted: where to (nothing: to its page), and what a browser sends of it as it stands."""

    action: str
    kind: str
    # Name → its kind ("select", "date" …), and what is chosen or written.
    kinds: dict[str, str] = field(default_factory=dict)
    said: dict[str, list[str]] = field(default_factory=dict)
    # What a select or a row of radio buttons offers that is not nothing.
    offered: dict[str, list[str]] = field(default_factory=dict)
    # Of its buttons those that say which was pressed.
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Reading(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._select = self._area = ""
        self._written: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = None
            if has.get("method", "").lower() == "post":
                self._form = Form(has.get("action", ""), has.get("enctype", ""))
                self.forms.append(self._form)
        if self._form is None or "disabled" in has:
            return
        name = has.get("name", "")
        self._offers(self._form, tag, has)
        if tag == "option" and self._select:
            options = self._form.said.setdefault(self._select, [])
            if "selected" in has or (not options and self._form.kinds[self._select] == "select"):
                # The first is what stands there until another is chosen.
                options[:] = [*(options if "multiple" in self._form.kinds[self._select] else ()), has.get("value", "")]
        elif tag == "select" and name:
            self._select = name
            self._form.kinds[name] = "select multiple" if "multiple" in has else "select"
        elif tag == "textarea" and name:
            self._area, self._written = name, []
            self._form.kinds[name] = "textarea"
        elif tag == "button" and name:
            self._form.buttons.append((name, has.get("value", "")))
        elif tag == "input" and name:
            self._form.kinds[name] = kind = has.get("type", "text")
            if kind == "submit":
                self._form.buttons.append((name, has.get("value", "")))
            if kind not in {"checkbox", "radio", "submit", "file"} or "checked" in has:
                self._form.said.setdefault(name, []).append(
                    has.get("value", "on" if kind in {"checkbox", "radio"} else "")
                )

    def _offers(self, form: Form, tag: str, has: dict[str, str]) -> None:
        of = self._select if tag == "option" else has.get("name", "") if has.get("type") == "radio" else ""
        if of and has.get("value"):
            form.offered.setdefault(of, []).append(has["value"])

    def handle_data(self, data: str) -> None:
        if self._area:
            self._written.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "form":
            self._form = None
        elif tag == "textarea" and self._area and self._form is not None:
            self._form.said[self._area] = ["".join(self._written).removeprefix("\n")]
            self._area = ""


def forms_on(page: str) -> list[Form]:
    """Every form of ``page`` that is posted."""
    reading = _Reading()
    reading.feed(page)
    return reading.forms
