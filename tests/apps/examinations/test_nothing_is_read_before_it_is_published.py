"""Whatever is entered, published, withdrawn and corrected: families read what they would had the rest never been."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Q
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from apps.accounts.models import User
from apps.examinations import selectors, services
from apps.examinations.errors import ModerationStands, NothingToModerate, ResultsArePublished
from apps.examinations.models import Exam, ExamSession, Gradebook, Moderation
from apps.exchange import services as exchange
from apps.institutions.models import Course
from apps.reports import selectors as cards
from apps.reports import services as reports
from apps.reports.errors import CardsBeforeResults, NoResultsYet
from apps.reports.models import ReportCard
from apps.students.models import Student
from schoolops import clock
from schoolops.tenancy.compiled import forget_compiled
from tests.apps.asking import Asking, asking
from tests.factories.cards import publish, read_cards
from tests.factories.exams import a_paper, an_exam_session, enter
from tests.factories.people import SCHOOL_DAY, SCHOOL_MOMENT, Campus, a_user, students_in

ONE_DAY = dt.timedelta(days=1)
Act = tuple[str, int, int]
# Of what is public.
SAYS_NOTHING = ("mark", "sheet", "compute", "moderate", "remark", "card")
# Whatever is public: what is staged, proposed or drafted is for staff.
NEVER_SAYS = ("stage", "propose", "draft", "book")
PUBLICATION = ("publish", "publish later", "withdraw")
ACTS = st.lists(
    st.tuples(
        st.sampled_from([*SAYS_NOTHING, *NEVER_SAYS, *PUBLICATION]),
        st.integers(0, 1),
        st.integers(0, 80),
    ),
    min_size=3,
    max_size=8,
)
# What differs from card to card, whatever is on them.
OF_ITS_OWN = ("id", "code", "sha256")


def _without_its_own(body: bytes) -> bytes:
    if b'"sha256"' not in body:
        return body
    rows = [{name: row[name] for name in row if name not in OF_ITS_OWN} for row in json.loads(body)["results"]]
    return json.dumps(rows).encode()


class School:
    """Two sessions that are being marked, each with a paper of 7 B; Carol's child in it, who logs in as well."""

    def __init__(self, campus: Campus, maths: Course, by: User, guardian: User) -> None:
        self.by = by
        self.child: Student = students_in(campus.section)[0]
        self.child.user = a_user("amina", role="student")
        self.child.save(update_fields=["user"])
        self.papers: list[Exam] = []
        for number, name in enumerate(("Mid-terms", "Mocks")):
            session = an_exam_session(campus, by=by, name=name)
            day = SCHOOL_DAY - (number + 1) * ONE_DAY
            self.papers.append(a_paper(session, campus.section, maths, by=by, day=day))
            ExamSession.objects.filter(pk=session.pk).update(state="marking")
        # The other is marked by component.
        services.set_components(
            paper=self.papers[1].sourced_id,
            components=[services.Component(name=name, max_marks=Decimal(40)) for name in ("Theory", "Oral")],
            expected_version=None,
            by=by,
        )
        self.papers[1].refresh_from_db()
        # A gradebook that is public tomorrow, and one that never is.
        self.books: list[Gradebook] = []
        for title, at in (("Mathematics", SCHOOL_MOMENT + ONE_DAY), ("Physics", None)):
            course, _ = Course.objects.get_or_create(institution=campus.institution, title=title, code=title)
            book = services.open_gradebook(term=campus.terms[0], section=campus.section, course=course, by=by)
            services.set_gradebook(
                gradebook=book.sourced_id,
                categories=[services.CategorySaid(name="Homework")],
                assessments=[services.AssessmentSaid(name="One", category="Homework", max_marks=Decimal(80))],
                expected_version=None,
                by=by,
            )
            services.publish_gradebook(gradebook=book.sourced_id, published_at=at, expected_version=None, by=by)
            self.books.append(book)
        self.families: list[Asking] = [asking(guardian), asking(self.child.user)]

    def act(self, act: Act) -> None:
        what, number, score = act
        paper = self.papers[number]
        done: dict[str, Callable[[], object]] = {
            "mark": lambda: self._mark(paper, score),
            "sheet": lambda: self._sheet(paper, score, confirmed=True),
            "stage": lambda: self._sheet(paper, score, confirmed=False),
            "compute": lambda: self._compute(paper),
            "propose": lambda: self._propose(paper, score),
            "moderate": lambda: self._moderate(paper, score),
            "remark": lambda: self._remark(paper, score),
            "draft": lambda: self._draft(paper),
            "card": lambda: self._card(paper),
            "book": lambda: self._book(number, score),
        }
        if what in done:
            done[what]()
            return
        moment = {"publish": SCHOOL_MOMENT, "publish later": SCHOOL_MOMENT + ONE_DAY, "withdraw": None}[what]
        services.set_publication(
            session=paper.session.sourced_id,
            timetable_published_at=None,
            results_published_at=moment,
            expected_version=None,
            by=self.by,
        )

    def _book(self, number: int, score: int) -> None:
        """Enter a mark in a gradebook, which is public later if at all."""
        book = self.books[number]
        if not selectors.is_open(Gradebook.objects.select_related("term__year__institution").get(pk=book.pk)):
            services.reopen_gradebook(
                gradebook=book.sourced_id, reason="Counted anew", lasting=dt.timedelta(hours=1), by=self.by
            )
        written = services.Typed(self.child.sourced_id, book.assessments.get().sourced_id, str(score))
        seen = Gradebook.objects.get(pk=book.pk).marks_version
        services.enter_assessments(gradebook=book.sourced_id, typed=[written], seen_version=seen, by=self.by)

    def _compute(self, paper: Exam) -> None:
        services.ask_for_results(session=paper.session.sourced_id, by=self.by)
        services.compute_results(paper.session_id)

    def _propose(self, paper: Exam, shift: int) -> Moderation | None:
        said = {"factor": Decimal("1.1"), "shift": Decimal(shift), "reason": "A hard paper"}
        try:
            # What is refused leaves nothing behind.
            with transaction.atomic():
                return services.propose_moderation(paper=paper.sourced_id, **said, by=self.by)
        except (ModerationStands, NothingToModerate, ResultsArePublished):
            return None

    def _moderate(self, paper: Exam, shift: int) -> None:
        """Revert the moderation that counts, or apply another one, while results are not public."""
        step = {"paper": paper.sourced_id, "by": self.by}
        standing = Moderation.objects.filter(exam=paper, state__in=("proposed", "applied")).first()
        try:
            if standing is not None and standing.state == Moderation.State.APPLIED:
                services.revert_moderation(moderation=standing.sourced_id, **step)
                return
            if standing is not None:
                services.withdraw_moderation(moderation=standing.sourced_id, **step)
        except ResultsArePublished:
            return
        if (made := self._propose(paper, shift)) is not None:
            services.apply_moderation(moderation=made.sourced_id, **step)

    def _remark(self, paper: Exam, number: int) -> None:
        said = [services.Said(self.child.sourced_id, f"Remark {number}.")]
        services.write_remarks(paper=paper.sourced_id, said=said, by=self.by)

    def _sheet(self, paper: Exam, score: int, *, confirmed: bool) -> None:
        """Send the marks of the paper by spreadsheet, the child's another one; and perhaps enter them."""
        if confirmed:
            self._open(paper)
        file = io.BytesIO()
        exchange.write_mark_file(session=paper.session.sourced_id, paper=paper.sourced_id, into=file, by=self.by)
        book = load_workbook(file)
        for line in (line for sheet in book.worksheets for line in sheet.iter_rows(min_row=3)):
            if str(self.child.sourced_id) in str(line[-1].value):
                line[-2].value = score // len(book.worksheets)
        filled = io.BytesIO()
        book.save(filled)
        sent = {"session": paper.session.sourced_id, "name": "marks.xlsx", "by": self.by}
        run = exchange.compare_marks(exchange.receive_marks(file=filled, **sent))
        if confirmed:
            exchange.apply_marks(exchange.confirm_marks(run=run, by=self.by))

    def _draft(self, paper: Exam) -> None:
        """Draft the child's card, or another version of it, that nobody publishes."""
        session = ExamSession.objects.select_related("term__year__institution").get(pk=paper.session_id)
        last = ReportCard.objects.filter(session=session, student=self.child).order_by("-version").first()
        try:
            if last is not None and last.state == ReportCard.State.PUBLISHED:
                reports.amend_card(card=last, reason="Counted anew", by=self.by)
            read_cards(session, paper.section, by=self.by)
        except NoResultsYet:
            pass

    def _card(self, paper: Exam) -> None:
        """Publish the child's card, or another version of it, if its results are public."""
        self._draft(paper)
        with contextlib.suppress(CardsBeforeResults):
            publish(paper.session, paper.section, by=self.by)

    def _open(self, paper: Exam) -> Exam:
        held = selectors.paper_of(paper.sourced_id, "marks.enter", self.by)
        if not selectors.is_marking(held):
            services.reopen_marks(
                paper=paper.sourced_id, reason="Counted anew", lasting=dt.timedelta(hours=1), by=self.by
            )
        return held

    def _mark(self, paper: Exam, score: int) -> None:
        held = self._open(paper)
        others = students_in(paper.section)[1:3]
        if paper.parts:
            self._mark_by_component(held, score, others)
            return
        enter(paper, {self.child: str(score), **dict.fromkeys(others, "7")}, by=self.by, version=held.marks_version)

    def _mark_by_component(self, paper: Exam, score: int, others: Sequence[Student]) -> None:
        written = [
            services.Written(student.sourced_id, said, None, part.sourced_id)
            for student in (self.child, *others)
            for part, said in zip(selectors.components_of(paper), (str(score // 2), "7"), strict=True)
        ]
        services.correct_marks(paper=paper.sourced_id, touched=written, seen_version=paper.marks_version, by=self.by)

    def read(self) -> list[tuple[int, bytes]]:
        """What their guardian and they themselves are told of the child's exams."""
        child, paper = self.child.sourced_id, self.papers[0]
        addresses = (
            f"students/{child}/exams",
            f"students/{child}/marks",
            f"students/{child}/results",
            f"students/{child}/report-cards",
            f"students/{child}/term-results",
            f"students/{child}/transcript",
            f"students/{child}/printed-transcript",
            f"gradebooks/{self.books[0].sourced_id}",
            f"gradebooks/{self.books[0].sourced_id}/history",
            f"students/{child}",
            *(f"exams/{paper.sourced_id}/{each}" for each in ("marks", "moderations", "remarks", "marks/history")),
            *(f"exam-sessions/{paper.session.sourced_id}/{each}" for each in ("results", "report-cards", "mark-file")),
            f"exams/{self.papers[1].sourced_id}/components",
            "exams", "exam-sessions", "students?q=ha", "remark-phrases", "jobs",
        )  # fmt: skip
        answers = [ask.get(each) for ask in self.families for each in addresses]
        # A refusal says the number of its request, which is another every time.
        read = [(each.status_code, each.content if each.status_code == 200 else b"") for each in answers]
        return [(status, _without_its_own(body)) for status, body in read] + self._cards()

    def _cards(self) -> list[tuple[int, bytes]]:
        """What the cards say that either of them is shown, and what their codes prove to anybody."""
        child = self.child.sourced_id
        found = []
        for shown in self.families[0].get(f"students/{child}/report-cards").json()["results"]:
            answer = self.families[1].get(f"students/{child}/report-cards/{shown['id']}")
            said = ReportCard.objects.get(sourced_id=shown["id"]).data
            found.append((answer.status_code, repr({**said, "imprint": ""}).encode()))
        codes = ReportCard.objects.order_by("session", "version").values_list("code", flat=True)
        proved = [cards.verified(code) for code in codes]
        return [*found, *((200, repr(each).encode()) for each in proved if each is not None)]

    def after(self, acts: Sequence[Act]) -> list[tuple[int, bytes]]:
        """What families read after these acts, which are undone."""
        with transaction.atomic():
            for act in acts:
                self.act(act)
            read = self.read()
            transaction.set_rollback(True)
        return read


def _as_if_the_rest_had_never_been(acts: Sequence[Act]) -> list[Act]:
    acts = [act for act in acts if act[0] not in NEVER_SAYS]
    public = {number for what, number, _ in acts if what == "publish"}
    for number in tuple(public):
        last = [what for what, each, _ in acts if each == number and what not in SAYS_NOTHING][-1]
        if last != "publish":
            public.discard(number)
    return [act for act in acts if act[0] not in SAYS_NOTHING or act[1] in public]


@pytest.fixture
def school(campus: Campus, maths: Course, alice: User, carol: User) -> School:
    return School(campus, maths, alice, carol)


@settings(max_examples=6, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_families_read_only_what_is_published(school: School, acts: list[Act]) -> None:
    with clock.frozen(SCHOOL_MOMENT):
        assert school.after(acts) == school.after(_as_if_the_rest_had_never_been(acts))


MARKED: list[Act] = [("mark", 0, 71), ("compute", 0, 0), ("publish later", 0, 0)]


def test_a_card_is_read_while_its_results_are(school: School) -> None:
    public = [*MARKED, ("publish", 0, 0), ("card", 0, 0)]
    seen = school.after(public)
    assert sum(b"71 / 80" in body for _, body in seen) == 1
    # What was corrected stands on the next version alone.
    corrected = [*public, ("mark", 0, 72), ("compute", 0, 0)]
    assert sum(b"71 / 80" in body for _, body in school.after(corrected)) == 1
    assert sum(b"72 / 80" in body for _, body in school.after([*corrected, ("card", 0, 0)])) == 1
    assert school.after([*public, ("withdraw", 0, 0)]) == school.after([])


def test_what_is_moderated_and_said_is_read_once_it_is_published(school: School) -> None:
    acts: list[Act] = [("sheet", 0, 50), ("moderate", 0, 5), ("remark", 0, 3), ("compute", 0, 0)]
    seen = school.after([*acts, ("publish", 0, 0), ("card", 0, 0)])
    assert sum(b'"score":"60.00"' in body for _, body in seen) == 2
    assert sum(b"60 / 80" in body and b"Remark 3." in body for _, body in seen) == 1
    # A proposal alone counts for nobody, and a remark that was written after the card stands on the next one.
    marked = [("sheet", 0, 50), ("compute", 0, 0), ("publish", 0, 0), ("card", 0, 0)]
    assert school.after([("sheet", 0, 50), ("propose", 0, 9), *marked[1:], ("remark", 0, 4)]) == school.after(marked)


def test_what_is_published_is_read_and_corrected_and_withdrawn(school: School) -> None:
    seen = school.after([*MARKED, ("publish", 0, 0)])
    assert sum(b'"score":"71.00"' in body for _, body in seen) == 2
    corrected = school.after([*MARKED, ("publish", 0, 0), ("mark", 0, 72)])
    assert sum(b'"score":"72.00"' in body for _, body in corrected) == 2
    assert school.after([*MARKED, ("publish", 0, 0), ("withdraw", 0, 0)]) == school.after([])


WITHDRAWN: list[Act] = [*MARKED, ("publish", 0, 0), ("card", 0, 0), ("withdraw", 0, 0)]
MARKS, RESULTS, CARDS = (
    "examinations.selectors.sheet.published", "examinations.selectors.results.results_published",
    "reports.selectors.cards.public",
)  # fmt: skip
BOOKS = "examinations.selectors.gradebooks.public_books"


@pytest.mark.parametrize(
    ("leaking", "acts"),
    [
        *((each, WITHDRAWN) for each in (MARKS, RESULTS, CARDS)),
        (MARKS, [("sheet", 0, 50), ("publish later", 0, 0)]),
        (BOOKS, [("book", 0, 50)]),
        (RESULTS, [*MARKED, ("moderate", 0, 5), ("compute", 0, 0)]),
        (CARDS, [*MARKED, ("publish", 0, 0), ("remark", 0, 3), ("draft", 0, 0)]),
    ],
)
def test_a_leak_is_found(school: School, monkeypatch: pytest.MonkeyPatch, leaking: str, acts: list[Act]) -> None:
    assert school.after(acts) == school.after(_as_if_the_rest_had_never_been(acts))
    planted: Any = lambda *_: Q()  # noqa: E731 - whatever it is asked with
    with monkeypatch.context() as patch:
        patch.setattr(f"apps.{leaking}", planted)
        forget_compiled()
        assert school.after(acts) != school.after(_as_if_the_rest_had_never_been(acts))
    forget_compiled()
