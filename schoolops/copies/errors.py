"""What can be wrong with a copy of a school, as facts."""

from __future__ import annotations

from schoolops.errors import Conflict, Forbidden, Invalid, Misconfigured, NotFound


class NoRecipient(Misconfigured):
    """Nobody has said for whose key backups are sealed."""

    code = "copies:no-recipient"
    remedy = (
        "Set BACKUP_RECIPIENTS to public keys of age (age1…), or name one with --recipient. `age-keygen` makes one."
    )


class NoBackupFolder(Misconfigured):
    """Nobody has said where backups are put."""

    code = "copies:no-folder"
    remedy = "Set BACKUP_FOLDER, or name a folder with --folder."


class RecipientInvalid(Invalid):
    """{recipient} is no public key of age."""

    code = "copies:recipient-invalid"
    remedy = "It begins with age1; `age-keygen -y KEYFILE` prints it."


class IdentityInvalid(Invalid):
    """There is no identity of age in {path}."""

    code = "copies:identity-invalid"
    remedy = "Name the file that `age-keygen -o` wrote; it has a line that begins with AGE-SECRET-KEY-1."


class BackupNotFound(NotFound):
    """There is no file {path}."""

    code = "copies:not-found"


class BackupNotForThisKey(Forbidden):
    """The backup is sealed for another key."""

    code = "copies:other-key"
    remedy = "Name the identity of one of its recipients with --identity."


class BackupDamaged(Invalid):
    """The backup is damaged or cut short: {what}."""

    code = "copies:damaged"
    remedy = "Nothing was changed. Fetch the file again, or take the one before it."


class BackupNewer(Conflict):
    """The backup was made by a newer release: {what}."""

    code = "copies:newer-release"
    remedy = "Nothing was changed. Restore it with release {release} or a later one."


class BackupFromElsewhere(Forbidden):
    """The backup bears no mark of this installation."""

    code = "copies:from-elsewhere"
    remedy = (
        "Nothing was changed. Anybody who knows the public key can make such a file: where you know that it comes from"
        " an installation you trust, say --from-elsewhere."
    )


class BackupDoesNotFit(Invalid):
    """What is in the backup does not fit: {what}."""

    code = "copies:does-not-fit"
    remedy = "Nothing was changed. The school it was made of was not as its release says; ask who looked after it."


class NoSuchTable(NotFound):
    """There is no table {table} with a key in both schools."""

    code = "copies:no-such-table"
    remedy = "`manage.py school diff` without --table names those that differ."


class PersonNotFound(NotFound):
    """There is no {kind} called {called}, or more than one, or the record became part of another."""

    code = "copies:person-not-found"
    remedy = "Name the public id; of two records that became one, that of the one they became."


class PersonStays(Conflict):
    """Nobody is erased who is still here: {why}."""

    code = "copies:person-stays"
    remedy = "End what is named in the office first."


class NotAsPlanned(Conflict):
    """What erasing would do is not what {planned} stands for."""

    code = "copies:not-as-planned"
    remedy = "Ask for the plan again with --plan, read it, and say its code with --planned."


class DrillFailed(Misconfigured):
    """{slug} could not be restored from a backup that was just made: {what}."""

    code = "copies:drill-failed"
    remedy = "docs/runbooks/restore-drill-failed.md"


class NotMovable(Conflict):
    """{slug} cannot be moved to {cell}: {why}."""

    code = "copies:not-movable"
    remedy = "Nothing was changed, and the school works on where it is."


class StillInUse(Conflict):
    """{slug} was never still for a moment: {what}."""

    code = "copies:still-in-use"
    remedy = "Nothing was changed, and the school works on where it is. Try again when less is going on."


class OldCopyNeeded(Conflict):
    """What {slug} was here is all there is of it: {why}."""

    code = "copies:old-copy-needed"
    remedy = "Look at the school in its new cell first."
