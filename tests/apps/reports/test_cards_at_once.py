"""What two people do to the cards of one section at the same time is as if one had come after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apps.accounts.models import User
from apps.examinations.models import ExamSession
from apps.institutions.models import Section
from apps.reports import services
from apps.reports.models import CardLayout, ReportCard
from schoolops import clock
from schoolops.context import inside
from schoolops.tenancy.models import School
from tests.apps.at_once import at_once
from tests.factories import cards, exams, people
from tests.factories.people import SCHOOL_MOMENT


def test_who_drafts_at_once_drafts_one_card_a_student(fresh_school: Callable[..., School]) -> None:
    school = fresh_school()
    with inside(school), clock.frozen(SCHOOL_MOMENT):
        campus = people.a_school_year()
        people.some_students(12, section=campus.section)
        alice = people.a_user("alice", role="administrator")
        session = exams.an_exam_session(campus, by=alice, state="marking")
        paper = exams.a_paper(session, campus.section, exams.a_course(campus), by=alice)
        exams.enter(paper, dict.fromkeys(people.students_in(campus.section), "40"), by=alice)
        cards.computed(session, by=alice)

    def asked(what: Callable[..., int]) -> Callable[[], Any]:
        return lambda: what(session=ExamSession.objects.get(), section=Section.objects.get(), by=User.objects.get())

    drafted = at_once(school, [asked(services.draft_cards) for _ in range(6)])
    assert drafted == [12] * 6
    with inside(school):
        assert list(ReportCard.objects.values_list("version", flat=True)) == [1] * 12
    # And beside the worker who publishes: it does after them, or before.
    with inside(school), clock.frozen(SCHOOL_MOMENT):
        here = {"session": session, "section": campus.section, "by": alice}
        services.proof_read_cards(**here, seen=clock.now())
        services.ask_to_publish(**here, published_at=clock.now())
        of = {"session": session.pk, "section": campus.section.pk, "by_id": alice.sourced_id}
    done = at_once(
        school,
        [lambda: services.publish_cards(**of, published_at=clock.now()), asked(services.draft_cards)],
    )
    assert set(done) in ({12, 0}, {12})
    with inside(school):
        assert ReportCard.objects.count() == 12


def test_who_sets_a_first_layout_at_once_sets_one(fresh_school: Callable[..., School]) -> None:
    school = fresh_school()
    with inside(school):
        people.a_user("alice", role="administrator")
    values = {"language": "ar", "blocks": ["marks"], "signatures": []}
    at_once(
        school, [lambda: services.set_layout(grade_level=None, values=values, by=User.objects.get()) for _ in range(6)]
    )
    with inside(school):
        assert list(CardLayout.objects.values_list("language", flat=True)) == ["ar"]
