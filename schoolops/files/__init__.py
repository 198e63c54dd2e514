"""Files that rows name: written with the row, deleted after it. Nobody else calls a storage's ``save`` or ``delete``.

A file cannot be rolled back, so it is written under a name that was never used before, and taken away where the row is
not committed. Nothing is deleted before the commit. What a process that died left between the two, the sweep finds.
"""

from __future__ import annotations

import logging
import secrets
from typing import IO, TYPE_CHECKING, cast

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db import connection, transaction
from django.db.models.fields.files import FieldFile

if TYPE_CHECKING:
    from schoolops.tenancy.backend.base import DatabaseWrapper

log = logging.getLogger("schoolops.files")


def keep(stored: FieldFile, content: bytes | IO[bytes], *, suffix: str) -> None:
    """Store ``content`` in place of what ``stored`` names; the caller saves the row, in the transaction that is open.

    The new file goes when that is rolled back, the old one when it is committed. ``suffix`` as in ``.png``.

    Raises:
        TransactionManagementError: there is no transaction.
        OSError: the disk refuses.
    """
    forget(stored)
    called = f"{secrets.token_hex(8)}{suffix}"
    storage, name = stored.storage, stored.field.generate_filename(stored.instance, called)
    # Before it is written: half of it may be there when the disk is full.
    cast("DatabaseWrapper", connection).on_rollback(lambda: _delete(storage, name))
    stored.save(called, ContentFile(content) if isinstance(content, bytes) else File(content), save=False)


def forget(stored: FieldFile) -> None:
    """Let ``stored`` name nothing; what it named is deleted once that is committed.

    Raises:
        TransactionManagementError: there is no transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A file goes with its row: within one transaction.")
    storage, name = stored.storage, stored.name
    if name:
        transaction.on_commit(lambda: _delete(storage, name))
    setattr(stored.instance, stored.field.name, "")
    stored.name = None


def _delete(storage: Storage, name: str) -> None:
    """What cannot be deleted now is found by the sweep: whoever wrote the row has succeeded, or failed, already."""
    try:
        storage.delete(name)
    except Exception:
        log.exception("a file could not be deleted; the sweep tries again", extra={"facts": {"file": name}})
