"""What is to be done with an import, as ids: somebody waits for it, and a worker does it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImportReceived:
    """A file is kept and waits to be read, for the first time or under another mapping."""

    import_id: int


@dataclass(frozen=True, slots=True)
class ImportConfirmed:
    import_id: int


@dataclass(frozen=True, slots=True)
class UndoBegun:
    import_id: int


@dataclass(frozen=True, slots=True)
class MarksReceived:
    """A file of marks is kept and waits to be laid beside its papers."""

    file_id: int


@dataclass(frozen=True, slots=True)
class MarksConfirmed:
    file_id: int


@dataclass(frozen=True, slots=True)
class BankFileReceived:
    """A bank's file is kept and waits to be read."""

    statement_id: int
