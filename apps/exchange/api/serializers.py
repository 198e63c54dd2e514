"""What the API of imports and exports takes and gives."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.exchange.models import Import, ImportRow, MarkFile, MarkFileRow
from apps.exchange.selectors.stops import RUNNING, WHY
from apps.exchange.services.bank.columns import COLUMNS
from apps.fees.api.serializers import PaysIn, ReasonIn
from apps.fees.api.serializers.amounts import amount
from apps.fees.models import BankLine, BankStatement
from apps.institutions.models import Institution
from schoolops.api.fields import Day, RowId


class ImportIn(serializers.Serializer[object]):
    """A roster: a multipart form. `kind` is guessed unless said."""

    file = serializers.FileField(
        help_text="OneRoster or School Data Sync as a ZIP, or a list as XLSX, ODS, XLS or CSV."
    )
    kind = serializers.ChoiceField(choices=Import.Source.choices, required=False, source="source")
    institution_id = RowId(
        Institution, required=False, source="institution", help_text="The campus, where the file does not say."
    )


_SAID = "The sentence, in braces the names of `facts`."


class ProblemOut(serializers.Serializer[object]):
    """Why a file as a whole was refused, or an undo."""

    code = serializers.CharField()
    detail = serializers.CharField()
    said = serializers.CharField(required=False, help_text=_SAID)
    facts = serializers.DictField(required=False)
    remedy = serializers.CharField(allow_blank=True)


class NoteOut(serializers.Serializer[object]):
    """What was read leniently."""

    message = serializers.CharField()
    said = serializers.CharField(help_text=_SAID)
    facts = serializers.DictField()


class StopOut(serializers.Serializer[object]):
    """Where an import stopped that nobody is at any more, and why. `done` and `of` say how far applying it came."""

    at = serializers.ChoiceField(choices=RUNNING, help_text="Being read, applied or taken back.")
    why = serializers.ChoiceField(
        choices=list(WHY), help_text="Its job failed at every try, was refused or was withdrawn, or it was broken off."
    )


class ImportOut(serializers.Serializer[object]):
    """An import and how far it is. `counts`: kind of row → action → rows."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(
        choices=Import.Source.choices, allow_null=True, help_text="Null until the headers of a spreadsheet are read."
    )
    file_name = serializers.CharField()
    state = serializers.ChoiceField(
        choices=Import.State.choices,
        help_text="`stopped` as soon as its job came to nothing; one that waits or is tried again has not.",
    )
    stopped = StopOut(allow_null=True)
    counts = serializers.DictField(child=serializers.DictField(child=serializers.IntegerField()))
    notes = NoteOut(many=True)
    problem = ProblemOut(allow_null=True)
    headers = serializers.ListField(child=serializers.CharField())
    mapping = serializers.DictField(child=serializers.CharField(), help_text="Header → field.")
    done = serializers.IntegerField(help_text="Rows written so far, of `of`.")
    of = serializers.IntegerField()
    reading = serializers.IntegerField(help_text="How often it was read; confirming it says which one was looked at.")
    job_id = serializers.IntegerField(allow_null=True, help_text="For `/api/v1/jobs/{id}`, by whoever asked for it.")
    by = serializers.CharField(allow_null=True, help_text="The username.")
    received_at = serializers.DateTimeField()
    validated_at = serializers.DateTimeField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    kept_until = serializers.DateTimeField(
        allow_null=True, help_text="From then on its file and its rows are cleared; null while somebody is at it."
    )


class RowErrorOut(serializers.Serializer[object]):
    """What is wrong with a cell."""

    row = serializers.IntegerField()
    column = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    message = serializers.CharField()
    said = serializers.CharField(required=False, help_text=_SAID)
    facts = serializers.DictField(required=False)
    remedy = serializers.CharField(allow_blank=True)


class ImportRowOut(serializers.Serializer[object]):
    """A row of the file and what it changes. `kept`: field → [ours, the file's], where a person's value stays."""

    number = serializers.IntegerField()
    file = serializers.CharField()
    row = serializers.IntegerField()
    kind = serializers.CharField()
    key = serializers.CharField(help_text="What the row is called in the file.")
    name = serializers.CharField(allow_blank=True)
    action = serializers.ChoiceField(choices=ImportRow.Action.choices)
    before = serializers.DictField(child=serializers.CharField())
    after = serializers.DictField(child=serializers.CharField())
    kept = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    taken = serializers.ListField(
        child=serializers.CharField(), help_text="Fields in which the file’s value was asked for over a person’s."
    )
    errors = RowErrorOut(many=True)  # type: ignore[assignment] # JSON’s word


class ConfirmIn(serializers.Serializer[object]):
    """Which reading is confirmed, and what to do with rows that have errors."""

    reading = serializers.IntegerField(min_value=0, help_text="The import's `reading` whose rows were looked at.")
    skip_errors = serializers.BooleanField(default=False, help_text="Leave them out, and write the others.")


class TakeIn(serializers.Serializer[object]):
    """A field of a kind of rows in which the file's value is taken."""

    kind = serializers.CharField(max_length=16, help_text="As rows have it: `student`.")
    field = serializers.CharField(max_length=60, help_text="As `kept` of rows has it: `birth_date`.")
    rows = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False,
        max_length=1000,
        help_text="Numbers of rows; without any, every row.",
    )


class MappingIn(serializers.Serializer[object]):
    """Header → field, or an empty text for a column that is not wanted.

    Of a bundle `users.csv: header` → `users.givenName`.
    """

    mapping = serializers.DictField(child=serializers.CharField(max_length=100, allow_blank=True))
    kind = serializers.ChoiceField(
        choices=Import.Source.choices, required=False, source="source", help_text="What a sheet holds after all."
    )
    sheet = serializers.CharField(max_length=100, required=False, help_text="Which of several sheets is meant.")
    day_order = serializers.ChoiceField(
        choices=("D/M", "M/D"),
        required=False,
        help_text="How days are written where none of the file’s says which comes first; kept for its next such files.",
    )
    same = serializers.DictField(
        child=serializers.BooleanField(),
        required=False,
        help_text="Number of a row with `exchange:may-be-the-same` → whether it is that person.",
    )

    take = TakeIn(  # type: ignore[call-arg] # a list has it
        many=True,
        required=False,
        max_length=200,
        help_text="Where the file’s value is taken over one that a person set: all of it, for this file alone.",
    )

    def validate_take(self, value: list[dict[str, Any]]) -> dict[str, Any]:
        """Kind and field → which rows."""
        found: dict[str, Any] = {}
        for each in value:
            of, rows = f"{each['kind']}.{each['field']}", each.get("rows")
            before = found.get(of, [])
            found[of] = True if rows is None or before is True else [*before, *rows]
        return found

    def validate_same(self, value: dict[str, bool]) -> dict[int, bool]:
        """Rows by their numbers."""
        if not all(key.isascii() and key.isdecimal() and len(key) < 19 for key in value):
            raise serializers.ValidationError("A row is said by its number.")
        return {int(key): answer for key, answer in value.items()}


# --- sheets of marks --------------------------------------------------------------------------------------------------
class MarkFileIn(serializers.Serializer[object]):
    """A sheet of marks that was filled in: a multipart form."""

    file = serializers.FileField(help_text="XLSX, ODS or XLS, as it was downloaded: columns moved and rows sorted.")
    paper_id = serializers.UUIDField(required=False, source="paper", help_text="The only paper it may be about.")


class MarkFilePaperOut(serializers.Serializer[object]):
    """A paper that a file of marks is about."""

    paper = serializers.UUIDField()
    sheet = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    group = serializers.CharField(allow_blank=True)
    version = serializers.IntegerField(help_text="Of the marks, beside which the sheet was filled in.")
    at = serializers.IntegerField(allow_null=True, help_text="At which version it was compared.")
    problem = ProblemOut(allow_null=True, help_text="Why none of it can be entered.")


class MarkFileOut(serializers.Serializer[object]):
    """A file of marks and how far it is. `counts`: action → rows, and `written` once they are entered."""

    id = serializers.UUIDField()
    session_id = serializers.UUIDField()
    paper_id = serializers.UUIDField(allow_null=True)
    file_name = serializers.CharField()
    state = serializers.ChoiceField(choices=MarkFile.State.choices)
    papers = MarkFilePaperOut(many=True)
    counts = serializers.DictField(child=serializers.IntegerField())
    problem = ProblemOut(allow_null=True)
    job_id = serializers.IntegerField(allow_null=True, help_text="For `/api/v1/jobs/{id}`.")
    received_at = serializers.DateTimeField()
    validated_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    cleared_at = serializers.DateTimeField(allow_null=True, help_text="When its file and rows were cleared.")


class MarkFileRowOut(serializers.Serializer[object]):
    """A row of a sheet of marks, in the words of a cell: a score, `A`, `E`, `M`, or nothing."""

    number = serializers.IntegerField()
    sheet = serializers.CharField()
    row = serializers.IntegerField()
    paper_id = serializers.UUIDField(allow_null=True)
    student_id = serializers.UUIDField(allow_null=True)
    component_id = serializers.UUIDField(allow_null=True, help_text="Of a paper that is made of several.")
    name = serializers.CharField(allow_blank=True)
    was = serializers.CharField(allow_blank=True, help_text="As the sheet was made.")
    now = serializers.CharField(allow_blank=True, help_text="As it was compared.")
    said = serializers.CharField(allow_blank=True)
    action = serializers.ChoiceField(
        choices=MarkFileRow.Action.choices, help_text="meanwhile: somebody else entered another mark since."
    )
    errors = RowErrorOut(many=True)  # type: ignore[assignment] # JSON’s word


class MarksConfirmIn(serializers.Serializer[object]):
    """What to do where somebody else entered another mark meanwhile."""

    replacing = serializers.BooleanField(default=False, help_text="Enter the sheet's; else theirs stays.")


# --- bank statements --------------------------------------------------------------------------------------------------
class BankStatementIn(serializers.Serializer[object]):
    """What a bank says came in: a multipart form."""

    file = serializers.FileField(help_text="camt.053 (ISO 20022), or a list as CSV or XLSX.")
    institution_id = RowId(Institution, source="institution", help_text="The campus whose account it is.")


class BankStatementOut(serializers.Serializer[object]):
    """A bank's file and how far it is. `counts`: new lines, known ones, those that went out, those not booked yet."""

    id = serializers.UUIDField()
    institution_id = serializers.UUIDField()
    file_name = serializers.CharField()
    state = serializers.ChoiceField(choices=BankStatement.State.choices)
    account = serializers.CharField(help_text="As the file says.")
    counts = serializers.DictField(child=serializers.IntegerField())
    notes = NoteOut(many=True)
    errors = RowErrorOut(many=True, help_text="Rows that cannot be read.")  # type: ignore[assignment] # JSON’s word
    problem = ProblemOut(allow_null=True, help_text="Why none of it can be read.")
    headers = serializers.ListField(child=serializers.CharField(), help_text="Of a list.")
    mapping = serializers.DictField(child=serializers.CharField(), help_text="Header → field.")
    day_order = serializers.CharField()
    job_id = serializers.IntegerField(allow_null=True, help_text="For `/api/v1/jobs/{id}`.")
    received_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)


class BankStatementWholeOut(BankStatementOut):
    """The same with what became of its lines, and what would be confirmed together."""

    lines = serializers.DictField(child=serializers.IntegerField(), help_text="State → lines.")
    sure = serializers.IntegerField(help_text="How many lines would be taken.")
    sure_total = amount(help_text="Confirm it with this.")


class BankMappingIn(serializers.Serializer[object]):
    """Header → field, or an empty text for a column that is not wanted."""

    mapping = serializers.DictField(
        child=serializers.ChoiceField(choices=["", *(column.field for column in COLUMNS)]), required=True
    )
    day_order = serializers.ChoiceField(choices=["D/M", "M/D"], required=False, help_text="Where no day says it.")


class BankConfirmIn(serializers.Serializer[object]):
    """What the sure lines come to, as it was seen."""

    total = amount(min_value=0)


class BankPaysOut(serializers.Serializer[object]):
    """What of a line would pay a bill."""

    invoice = serializers.UUIDField()
    number = serializers.CharField()
    amount = amount()


class BankPartOut(serializers.Serializer[object]):
    """What of a line would be a student's."""

    student = serializers.UUIDField()
    name = serializers.CharField()
    guardian = serializers.UUIDField(allow_null=True)
    amount = amount()
    pays = BankPaysOut(many=True)


class BankReceiptOut(serializers.Serializer[object]):
    """A transfer that somebody entered and that may be this line."""

    payment = serializers.UUIDField()
    receipt = serializers.CharField()


class BankProposalOut(serializers.Serializer[object]):
    """Whose a line may be. `why`: bill, number, payer, amount, several, settled, entered, alike."""

    parts = BankPartOut(many=True, required=False)
    why = serializers.ListField(child=serializers.CharField(), required=False)
    receipts = BankReceiptOut(many=True, required=False)


class BankLineOut(serializers.Serializer[object]):
    """Money that a bank says came in."""

    id = serializers.UUIDField()
    statement_id = serializers.UUIDField()
    institution_id = serializers.UUIDField()
    row = serializers.IntegerField(help_text="In its file: the row of a list, the entry of a statement.")
    day = Day()
    amount = amount()
    currency = serializers.CharField()
    payer = serializers.CharField()
    text = serializers.CharField()
    reference = serializers.CharField()
    state = serializers.ChoiceField(choices=BankLine.State.choices)
    confidence = serializers.IntegerField(help_text="Of 100; from 75 on lines are confirmed together.")
    proposal = BankProposalOut()
    problem = ProblemOut(allow_null=True, help_text="Why it could not be taken.")
    payments = serializers.ListField(child=serializers.UUIDField(), help_text="What was taken of it.")
    reason = serializers.CharField(help_text="Why it was set aside.")


class BankShareIn(serializers.Serializer[object]):
    """What of a line is a student's."""

    student_id = serializers.UUIDField()
    amount = amount(min_value=0)
    pays = serializers.ListField(
        child=PaysIn(), required=False, max_length=100, help_text="None: what is due first. What is left is credit."
    )


class BankLineTakeIn(serializers.Serializer[object]):
    """Whose a line is; nobody said: as it is proposed."""

    parts = serializers.ListField(child=BankShareIn(), required=False, max_length=20)


class BankLineSettleIn(serializers.Serializer[object]):
    """Which payment a line is."""

    payment_id = serializers.UUIDField()


class BankLineAsideIn(ReasonIn):
    """Why a line is nobody's fee."""
