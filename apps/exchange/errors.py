"""Why a file, a row of it, or a step of an import is refused. Those of a cell come back as a file."""

from __future__ import annotations

from schoolops import problem
from schoolops.errors import Conflict, Invalid, NotFound
from schoolops.queues.errors import Fenced


class ImportNotFound(NotFound):
    """There is no such import."""

    code = "exchange:import-not-found"


# --- the file as a whole ----------------------------------------------------------------------------------------------
class FileTooLarge(Invalid):
    """The file is larger than the {most} MB that are read."""

    code = "exchange:file-too-large"
    remedy = "Split it, or ask an operator to import it from the command line."


problem.STATUS[FileTooLarge] = (413, "Too large")


class NoFile(Invalid):
    """No file was sent."""

    code = "exchange:no-file"
    remedy = "Send the file as `file` of a multipart form."


class FileKindUnknown(Invalid):
    """This is neither a bundle (ZIP) nor a spreadsheet (XLSX, ODS, XLS or CSV)."""

    code = "exchange:file-kind-unknown"
    remedy = "Send the ZIP file that your other system exports, or one of our templates filled in."


class ArchiveDamaged(Invalid):
    """The archive is damaged: {why}."""

    code = "exchange:archive-damaged"
    remedy = "Export it again; it may have been cut off on the way."


class ArchiveEncrypted(Invalid):
    """The file is protected by a password."""

    code = "exchange:archive-encrypted"
    remedy = "Save or export it again without a password."


class ArchiveTooManyFiles(Invalid):
    """The archive has more than {most} files."""

    code = "exchange:archive-too-many-files"


class ArchivePath(Invalid):
    """The archive has a file called {name}, which is not a plain name."""

    code = "exchange:archive-path"
    remedy = "The files must lie at the top of the archive: pack the files themselves, not the folder they are in."


class ArchiveNested(Invalid):
    """The archive has another archive in it: {name}."""

    code = "exchange:archive-nested"
    remedy = "Unpack the inner archive and send that."


class ArchiveFileTwice(Invalid):
    """The archive has two files called {name}."""

    code = "exchange:archive-file-twice"


class ArchiveBomb(Invalid):
    """Unpacked, {name} would be far larger than a roster can be."""

    code = "exchange:archive-bomb"


class FileTakesTooMuch(Invalid):
    """Reading this file takes more memory or time than any roster needs."""

    code = "exchange:file-takes-too-much"
    remedy = "Copy what you need into one of our templates, and send that."


class ManifestMissing(Invalid):
    """The bundle has no manifest.csv, and its files are of no layout that is known."""

    code = "exchange:manifest-missing"
    remedy = "Export it again as OneRoster 1.1 or 1.2 CSV, or for Microsoft School Data Sync."


class VersionUnknown(Invalid):
    """The manifest says OneRoster version {version}; 1.1 and 1.2 are read."""

    code = "exchange:version-unknown"


class ManifestModeUnknown(Invalid):
    """The manifest says {mode} of {name}; it may say absent, bulk or delta."""

    code = "exchange:manifest-mode-unknown"


class BundleFileMissing(Invalid):
    """The manifest names {name}, which is not in the bundle."""

    code = "exchange:bundle-file-missing"
    remedy = "Export the bundle again."


class WrongEncoding(Invalid):
    """{name} is not UTF-8 text (row {row})."""

    code = "exchange:wrong-encoding"
    remedy = "Save it as “CSV UTF-8”, or send the XLSX file itself."


class CsvMalformed(Invalid):
    """{name} cannot be read as CSV at row {row}: {why}."""

    code = "exchange:csv-malformed"
    remedy = "Look for a quotation mark that is not closed."


class OtherSpreadsheet(Invalid):
    """This is a spreadsheet of another kind: {kind}."""

    code = "exchange:other-spreadsheet"
    remedy = "Save it as XLSX, and send that."


class SheetsSeveral(Invalid):
    """The spreadsheet has several sheets that may be meant: {sheets}."""

    code = "exchange:sheets-several"
    remedy = "Say which one; or keep it alone, or hide the others."


class SheetUnreadable(Invalid):
    """The spreadsheet cannot be read: {why}."""

    code = "exchange:sheet-unreadable"
    remedy = "Open it, save it as XLSX, and send it again."


class SheetEmpty(Invalid):
    """{name} has no header row."""

    code = "exchange:sheet-empty"


class BankFileUnknown(Invalid):
    """This is neither a bank statement of ISO 20022 (camt.053) nor a list (CSV, XLSX)."""

    code = "exchange:bank-file-unknown"
    remedy = "Export the statement from your bank as camt.053 or CSV; unpack it first where it is a ZIP."


class BankFileUnreadable(Invalid):
    """The bank statement cannot be read: {why}."""

    code = "exchange:bank-file-unreadable"
    remedy = "Export it from your bank again, and send that as it is."


class AmountUnreadable(Invalid):
    """{value} is no amount."""

    code = "exchange:amount-unreadable"
    remedy = "Write it as 1234.50."


class ColumnMissing(Invalid):
    """{name} has no column {column}."""

    code = "exchange:column-missing"
    remedy = "Add the column, or say in the mapping which of the columns it is."


class ColumnTwice(Invalid):
    """{name} has two columns called {column}."""

    code = "exchange:column-twice"


class ColumnNameTooLong(Invalid):
    """{name} has a column whose name is longer than {most} characters: {column}."""

    code = "exchange:column-name-too-long"
    remedy = "The first row must hold the names of the columns and nothing else."


class TooManyColumns(Invalid):
    """The file has more than {most} columns."""

    code = "exchange:too-many-columns"


class TooManyRows(Invalid):
    """The file has more than {most} rows."""

    code = "exchange:too-many-rows"


class MappingRefused(Invalid):
    """{field} is not a column of this template."""

    code = "exchange:mapping-refused"


# --- a cell, or a row -------------------------------------------------------------------------------------------------
class ValueMissing(Invalid):
    """This must not be empty."""

    code = "exchange:value-missing"


class ValueTooLong(Invalid):
    """This is longer than {most} characters."""

    code = "exchange:value-too-long"


class ValueUnprintable(Invalid):
    """This holds characters that nobody can see."""

    code = "exchange:value-unprintable"
    remedy = "Type the value anew."


class FormulaRefused(Invalid):
    """“{value}” would be run as a formula by a spreadsheet."""

    code = "exchange:formula"
    remedy = "Replace the formula by its value."


class DateUnreadable(Invalid):
    """“{value}” is not a date."""

    code = "exchange:date-unreadable"
    remedy = "Say on the import’s page whether days or months come first, or write it as 2026-09-01."


class DateAmbiguous(Invalid):
    """“{value}” may be two different days."""

    code = "exchange:date-ambiguous"
    remedy = "Say on the import’s page whether days or months come first, or write it as 2026-09-01."


class DateImplausible(Invalid):
    """Nobody at school was born on {value}."""

    code = "exchange:date-implausible"


class YesOrNoUnreadable(Invalid):
    """“{value}” is neither true nor false."""

    code = "exchange:yes-or-no-unreadable"


class NumberUnreadable(Invalid):
    """“{value}” is not a whole number from 1 to {most}."""

    code = "exchange:number-unreadable"


class WordUnknown(Invalid):
    """“{value}” is none of: {words}."""

    code = "exchange:word-unknown"


class GradeUnreadable(Invalid):
    """“{value}” is not a grade."""

    code = "exchange:grade-unreadable"
    remedy = "Write it as the school does, such as 7 or KG."


class CellFailed(Invalid):
    """This cell holds an error ({value})."""

    code = "exchange:cell-failed"
    remedy = "Correct the formula, or write the value itself."


class NoYearToEnrolIn(Invalid):
    """There is a grade, and no academic year to enrol anybody in."""

    code = "exchange:no-year-to-enrol-in"
    remedy = "Make the year first, then send the file again."


class CampusNotSaid(Invalid):
    """This school has several campuses ({campuses}), and the row does not say which."""

    code = "exchange:campus-not-said"
    remedy = "Fill the column Campus."


class RoleMissing(Invalid):
    """The file does not say what this user is, and no file before it did."""

    code = "exchange:role-missing"
    remedy = "Let the file say the role: in its own column, or in roles.csv."


class IsAnother(Invalid):
    """“{value}” is a {kind} here, and no {what}."""

    code = "exchange:is-another"
    remedy = "Let the file give this person that role too."


class RowsDiffer(Invalid):
    """Row {first} says something else of the same person."""

    code = "exchange:rows-differ"
    remedy = "Say the same in both rows, or say it in one of them."


class GradesSeveral(Invalid):
    """{title} is for the grades {grades}. A section is of one grade here."""

    code = "exchange:grades-several"
    remedy = "Let the file have one homeroom for each grade, or send it as a class (`scheduled`)."


class EmailMalformed(Invalid):
    """“{value}” is not an e-mail address."""

    code = "exchange:email-malformed"


class SchoolYearUnreadable(Invalid):
    """“{value}” is not a school year."""

    code = "exchange:school-year-unreadable"
    remedy = "Write the year in which it ends, such as 2027."


class TooManyCells(Invalid):
    """The row has more cells than the header."""

    code = "exchange:too-many-cells"
    remedy = "A comma inside a value needs quotation marks around it."


class StatusNeeded(Invalid):
    """In a delta file every row says its status and when it was changed."""

    code = "exchange:status-needed"


class DuplicateInFile(Invalid):
    """The same {what} stands in row {first} of {file} already."""

    code = "exchange:duplicate-in-file"
    remedy = "Keep one of the two."


class RefersToNothing(Invalid):
    """There is no {what} “{value}”, neither in this file nor in the school."""

    code = "exchange:refers-to-nothing"
    remedy = "Add it to the file, or correct the id."


class RefersToRefused(Invalid):
    """The {what} “{value}” that this row needs is refused itself."""

    code = "exchange:refers-to-refused"
    remedy = "Correct that row first."


class EndsBeforeStart(Invalid):
    """It ends on {ends_on}, before it begins on {starts_on}."""

    code = "exchange:ends-before-start"


class OutsideYear(Invalid):
    """{day} is not in the academic year {year}, which runs from {starts_on} to {ends_on}."""

    code = "exchange:outside-year"


class YearClosed(Invalid):
    """The academic year {year} is closed."""

    code = "exchange:year-closed"


class NoYearAround(Invalid):
    """There is no academic year that holds the days from {starts_on} to {ends_on}."""

    code = "exchange:no-year-around"
    remedy = "Make the year first, or let the file name it (a session of the type schoolYear)."


class YearsOverlap(Invalid):
    """These days belong to another academic year, {year}, already."""

    code = "exchange:years-overlap"


class GradeMissing(Invalid):
    """It must say one grade."""

    code = "exchange:grade-missing"


class GradeDiffers(Invalid):
    """The student is in grade {grade}, the section is of grade {other}."""

    code = "exchange:grade-differs"
    remedy = "Correct the grade, or the section."


class TwoHomerooms(Invalid):
    """The student would be in two sections on the same day: also in {other}."""

    code = "exchange:two-homerooms"
    remedy = "Let one end where the other begins."


class PersonAmbiguous(Invalid):
    """This may be {one} or {other}: {how}."""

    code = "exchange:person-ambiguous"
    remedy = "Correct the number or the name in the file, or merge the two records first."


class MayBeTheSame(Invalid):
    """This may be {other} ({known_by}), who is here already."""

    code = "exchange:may-be-the-same"
    remedy = "Say on the import’s page whether it is the same person; the answer is kept."


class LoginOfAnother(Invalid):
    """The login “{value}” belongs to {other}."""

    code = "exchange:login-of-another"
    remedy = "Give this person a username and an e-mail address of their own."


class NotYoursToWrite(Invalid):
    """Your role lacks {permission}, which this row needs."""

    code = "exchange:not-yours-to-write"
    remedy = "Ask an administrator to run the import."


class ChangedMeanwhile(Invalid):
    """Somebody changed this while the import was being looked at."""

    code = "exchange:changed-meanwhile"
    remedy = "Run the import again: it will be compared with what is there now."


class NotPlaced(Invalid):
    """The student is not enrolled in {year} on {day}."""

    code = "exchange:not-placed"
    remedy = "Give the student a grade, or a section of that year."


# --- steps of an import -----------------------------------------------------------------------------------------------
class ImportNotReady(Conflict):
    """This import is {state}, so that cannot be done with it."""

    code = "exchange:import-not-ready"


class ImportHasErrors(Conflict):
    """{count} rows have errors."""

    code = "exchange:import-has-errors"
    remedy = "Correct the file and send it again, or say that these rows are to be left out."


class ReadAnew(Conflict):
    """The file was read again since you looked at it."""

    code = "exchange:read-anew"
    remedy = "Look at what it would change now, and confirm that."


class TakenUpElsewhere(Fenced):
    """Somebody else goes on with this import."""

    code = "exchange:taken-up-elsewhere"


class ImportStopped(Conflict):
    """Nobody is at this import any more: {why}."""

    code = "exchange:import-stopped"
    remedy = "Go on with it, or take back what it wrote."


class ImportCleared(Conflict):
    """The file and the rows of this import have been cleared: it can neither go on nor be taken back."""

    code = "exchange:import-cleared"
    remedy = "Import a corrected file."


class AnotherImportRuns(Conflict):
    """Another import of this school is being applied or undone."""

    code = "exchange:another-import-runs"
    remedy = "Wait until it is done."
    retry_after = 5


class ChangedSince(Conflict):
    """{count} of the rows that this import wrote were changed since, or are in use: {examples}."""

    code = "exchange:changed-since"
    remedy = "What people did since would be lost. Correct what is wrong by hand, or import a corrected file."


# --- sheets of marks --------------------------------------------------------------------------------------------------
class MarkFileUnknown(NotFound):
    """There is no such file of marks of yours."""

    code = "exchange:mark-file-unknown"


class MarkFileKindUnknown(Invalid):
    """This is no spreadsheet (XLSX, ODS or XLS)."""

    code = "exchange:mark-file-kind-unknown"
    remedy = "Download the sheet of marks, fill it in, and send it as it was saved."


class MarkFileNotReady(Conflict):
    """This file of marks is {state}: only one that was compared is entered, once."""

    code = "exchange:mark-file-not-ready"
    remedy = "Send the file again: what is entered by now is left as it is."


class NoMarksInFile(Invalid):
    """No sheet of this file has the columns Mark and Key."""

    code = "exchange:no-marks-in-file"
    remedy = "Fill in the sheet that can be downloaded beside the papers; its columns may be moved, and rows sorted."


class TooManyPapersInFile(Invalid):
    """These are {number} papers; a file holds at most {most}."""

    code = "exchange:too-many-papers-in-file"
    remedy = "Take them section by section."


class MarkKeyMissing(Invalid):
    """This row has a mark and no key, so nobody knows whose it is."""

    code = "exchange:mark-key-missing"
    remedy = "Write into the row of the student in the sheet that was downloaded; keys stand in its last column."


class MarksOfAnotherPaper(Invalid):
    """This sheet is of another paper than those that it was sent for."""

    code = "exchange:marks-of-another-paper"
    remedy = "Send it at the session and the paper from where it was downloaded."


class MarksAhead(Conflict):
    """This sheet is of version {version} of these marks, which are at {at}."""

    code = "exchange:marks-ahead"
    remedy = "Download the sheet anew and fill that in."


class VersionsMixed(Invalid):
    """Rows of this paper are of two versions of the sheet."""

    code = "exchange:versions-mixed"
    remedy = "Fill in one of the sheets, and do not copy rows with their keys from one to another."


class MarkOfAnotherStudent(Invalid):
    """The key of this row is that of {student}, not of whom the row names."""

    code = "exchange:mark-of-another-student"
    remedy = "Sort whole rows, with the last column, or download the sheet anew."
