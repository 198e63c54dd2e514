"""The school's logo and the child's photo on report cards: as they were when a card was drafted, for good."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfReader

from apps.accounts.models import User
from apps.examinations.models import ExamSession
from apps.institutions import services as institutions
from apps.reports import services
from apps.reports.models import ReportCard
from apps.students import services as students
from apps.students.models import Student
from schoolops.files import sweeping
from tests.factories import cards, exams, people
from tests.factories.people import SCHOOL_DAY, Campus


@pytest.fixture(autouse=True)
def media(tmp_path: Path, settings: Any) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def _picture(colour: str, size: tuple[int, int] = (900, 1200)) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, colour).save(written, "JPEG")
    return written.getvalue()


@pytest.fixture
def erin() -> User:
    return people.a_user("erin", role="administrator")


@pytest.fixture
def child(campus: Campus, erin: User) -> Student:
    """The first of 7 B, who has a photo as their campus has a logo."""
    found = people.students_in(campus.section)[0]
    institutions.set_logo(institution=campus.institution, content=_picture("navy", (1000, 500)), by=erin)
    return students.set_photo(student=found, content=_picture("green"), by=erin)


@pytest.fixture
def session(campus: Campus, alice: User, child: Student) -> ExamSession:
    made = exams.an_exam_session(campus, by=alice, state="marking")
    exams.a_paper(made, campus.section, exams.a_course(campus), by=alice, day=SCHOOL_DAY)
    return cards.computed(made, by=alice)


def _draft(session: ExamSession, campus: Campus, by: User, child: Student) -> ReportCard:
    # As the campus is by now.
    found = ExamSession.objects.select_related("term__year__institution").get(pk=session.pk)
    services.draft_cards(session=found, section=campus.section, by=by)
    return ReportCard.objects.get(student=child)


def _sizes(content: bytes) -> list[tuple[int, int]]:
    """The pictures of a PDF, each once."""
    found = {}
    for page in PdfReader(io.BytesIO(content)).pages:
        found |= {image.indirect_reference.idnum: image.image.size for image in page.images}
    return sorted(found.values())


def test_a_card_has_the_logo_and_the_photo_in_the_size_of_print(
    session: ExamSession, campus: Campus, alice: User, child: Student
) -> None:
    card = _draft(session, campus, alice, child)
    assert _sizes(services.print_card(card)) == [(300, 400), (400, 200)]
    digests = {block["kind"]: block["picture"]["sha256"] for block in card.data["blocks"] if "picture" in block}
    for column, kind in (("photo", "photo"), ("logo", "branding")):
        assert hashlib.sha256(Path(getattr(card, column).path).read_bytes()).hexdigest() == digests[kind]
    # Who has no photo has a card all the same; and for the printer the logo is there once.
    assert _sizes(services.print_cards(list(ReportCard.objects.all()))) == [(300, 400), (400, 200)]


def test_a_published_card_keeps_the_pictures_it_was_printed_with(
    session: ExamSession,
    campus: Campus,
    alice: User,
    erin: User,
    child: Student,
    django_capture_on_commit_callbacks: Any,
) -> None:
    cards.read_cards(session, campus.section, by=alice)
    card = next(each for each in cards.publish(session, campus.section, by=alice) if each.student_id == child.pk)
    content = services.print_card(card)
    with django_capture_on_commit_callbacks(execute=True):
        students.set_photo(student=child, content=_picture("red"), by=erin)
        institutions.remove_logo(institution=campus.institution, by=erin)
    assert services.print_cards([ReportCard.objects.get(pk=card.pk)]) == content
    assert sweeping.left_over().missing == ()


def test_what_is_drafted_anew_has_the_pictures_of_now_and_copies_no_other(
    session: ExamSession,
    campus: Campus,
    alice: User,
    erin: User,
    child: Student,
    django_capture_on_commit_callbacks: Any,
) -> None:
    first = _draft(session, campus, alice, child)
    with django_capture_on_commit_callbacks(execute=True):
        again = _draft(session, campus, alice, child)
    assert (again.photo, again.logo, again.data) == (first.photo, first.logo, first.data)
    with django_capture_on_commit_callbacks(execute=True):
        students.set_photo(student=child, content=_picture("red", (500, 500)), by=erin)
        institutions.remove_logo(institution=campus.institution, by=erin)
        card = _draft(session, campus, alice, child)
    assert _sizes(services.print_card(card)) == [(400, 400)]
    # Each copy went with what it was of.
    assert len(list(Path(sweeping.default_storage.location).glob("*/report-cards/*"))) == 1


def test_a_photo_that_is_not_stored_any_more_or_not_chosen_is_not_printed(
    session: ExamSession, campus: Campus, alice: User, erin: User, child: Student
) -> None:
    child.photo.storage.delete(child.photo.name)
    assert _sizes(services.print_card(_draft(session, campus, alice, child))) == [(400, 200)]
    students.set_photo(student=child, content=_picture("red"), by=erin)
    services.set_layout(grade_level=None, values={"blocks": ["marks"]}, by=alice)
    assert _sizes(services.print_card(_draft(session, campus, alice, child))) == []
