"""What is handed over is safe in a subject, a text and a page, whatever people are called and templates say."""

from __future__ import annotations

import datetime as dt

import pytest

from apps.accounts.models import User
from apps.notifications import services
from apps.notifications.errors import BracesAstray, PlaceholdersUnknown, TextMissing
from apps.notifications.models import Channel
from apps.notifications.services import wording
from apps.notifications.services.wording import Wording
from apps.students.models import Guardian, Student

WHAT = {"fact": "attendance.absent", "channel": Channel.EMAIL, "language": "en-gb"}


@pytest.mark.parametrize(
    "said", ["{name.email}", "{name!r}", "{name:>99999999}", "{0}", "{}", "{ name }", "{name", "name}", "{NAME}"]
)
def test_a_brace_that_is_no_placeholder_is_refused(alice: User, said: str) -> None:
    with pytest.raises(BracesAstray):
        services.set_template(**WHAT, subject="Absent", text=f"Hello {said}", by=alice)


def test_an_unknown_placeholder_is_refused_by_its_name_and_place(alice: User) -> None:
    with pytest.raises(PlaceholdersUnknown) as refused:
        services.set_template(**WHAT, subject="{amount}", text="{password} of {name}", by=alice)
    assert "amount, password" in refused.value.detail
    assert [each.field for each in refused.value.errors] == ["subject", "text"]
    with pytest.raises(TextMissing):
        services.set_template(**WHAT, subject="Absent", text=" \n", by=alice)


def test_a_value_is_written_once_and_never_read_as_a_template() -> None:
    told = {"name": "{school} {{x}}", "school": "Oak", "day": dt.date(2026, 11, 4)}
    said = wording.worded(Wording("{name}\r\nBcc: x@example.org", "{name}\r\n{day}\0"), told)
    assert said == Wording("{school} {{x}} Bcc: x@example.org", "{school} {{x}}\n4 Nov 2026")


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\u2028", "\x0b", "\x85", "\0"])
def test_no_name_breaks_a_subject(break_: str) -> None:
    said = wording.worded(Wording("Absent: {children}", "x"), {"children": f"Ali{break_}Bcc: y@example.org"})
    assert said.subject.splitlines() == [said.subject]


def test_a_page_shows_names_and_follows_only_our_own_address() -> None:
    page = wording.as_html("O'Brien <x> & http://evil.example\n\nhttps://oak/family/", "en", link="https://oak/family/")
    assert "O&#x27;Brien &lt;x&gt; &amp; http://evil.example</p><p>" in page
    assert page.count("<a ") == 1
    assert '<a href="https://oak/family/">' in page


def test_a_real_child_stands_in_the_preview(alice: User, child: Student, mona: Guardian) -> None:
    Student.objects.filter(pk=child.pk).update(given_name="O'Brien", family_name="<x>")
    child.refresh_from_db()
    said = services.preview_template(
        **WHAT, said=Wording("{children}", "Dear {name}: {day}"), student=child.sourced_id, by=alice
    )
    assert (said.subject, said.text) == ("O'Brien <x>", "Dear Mona: [the day]")


def test_what_a_school_words_itself_is_what_is_sent_until_it_is_reset(alice: User) -> None:
    before = services.wording_of(**WHAT)
    services.set_template(**WHAT, subject="Where is {children}?", text="Dear {name}", by=alice)
    assert services.wording_of(**WHAT) == Wording("Where is {children}?", "Dear {name}")
    services.reset_template(**WHAT, by=alice)
    assert services.wording_of(**WHAT) == before


@pytest.mark.parametrize("code", sorted(services.facts()))
@pytest.mark.parametrize("language", ["en-gb", "ar"])
def test_every_wording_of_the_release_names_what_is_known(code: str, language: str) -> None:
    fact = services.facts()[code]
    for channel in Channel:
        said = wording.default(fact, channel, language)
        for part in (said.subject, said.text):
            assert not wording.stray_braces(part)
            assert wording.placeholders_in(part) <= fact.allowed.keys()
        # What is left out in one language was forgotten.
        other = wording.default(fact, channel, "en-gb")
        assert wording.placeholders_in(said.text) == wording.placeholders_in(other.text)
