"""The two logins SchoolOps works with: one that owns and provisions, one for the web that owns nothing."""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import psycopg
from psycopg import sql

from .errors import LoginsNotMade, UnsupportedServer

OLDEST_VERSION = 16
RECOMMENDED_VERSION = 18
_ONLY_A_SUPERUSER_SAYS = "NOSUPERUSER NOREPLICATION NOBYPASSRLS"
_EMPTY: Mapping[str, str] = {}


def ensure_logins(url: str, database: str = "schoolops", *, passwords: Mapping[str, str] = _EMPTY) -> tuple[str, str]:
    """Make (or repair) the database and its logins, and return the URLs of the admin login and of the web login.

    ``url`` is a superuser's, or that of a login with CREATEROLE and CREATEDB, which then is the admin login itself.
    For the database ``schoolops`` the logins are ``schoolops_admin`` (creates roles and databases, owns the database)
    and ``schoolops_web`` (may log in, nothing else). ``passwords`` maps login names to passwords; a login without an
    entry gets a new random one, and an existing login then no longer answers to its old one.

    Raises ``UnsupportedServer`` below PostgreSQL 16 (and warns below 18), ``LoginsNotMade`` when ``url`` is not enough.
    """
    admin, web = f"{database}_admin", f"{database}_web"
    try:
        with _connect(url) as connection:
            check_version(connection.info.server_version)
            me, is_superuser, can_provision = _about_me(connection)
            if not (is_superuser or can_provision):
                raise LoginsNotMade(
                    f"The login {me} has neither SUPERUSER nor both CREATEROLE and CREATEDB. "
                    f"Set DATABASE_ADMIN_URL to one that has, or make the logins by hand."
                )
            if is_superuser:
                admin_password = passwords.get(admin) or secrets.token_urlsafe(24)
                _ensure_role(connection, admin, f"LOGIN CREATEROLE CREATEDB {_ONLY_A_SUPERUSER_SAYS}", admin_password)
                admin_url = with_login(url, admin, admin_password, database)
            else:
                admin, admin_url = me, with_database(url, database)
            web_password = passwords.get(web) or secrets.token_urlsafe(24)
            nothing_else = f"NOCREATEROLE NOCREATEDB {_ONLY_A_SUPERUSER_SAYS if is_superuser else ''}"
            _ensure_role(connection, web, f"LOGIN {nothing_else}", web_password)
            web_url = with_login(url, web, web_password, database)
            _ensure_database(connection, database, owner=admin, may_take_over=is_superuser)
        with psycopg.connect(_libpq(with_database(url, database)), autocommit=True) as connection:
            _take_over_if_empty(connection, database, owner=admin)
            _close_the_database(connection, database, web)
    except psycopg.Error as refused:
        raise LoginsNotMade(f"PostgreSQL refused to set up the logins of {database}: {refused}".strip()) from refused
    return admin_url, web_url


def check_version(server_version: int) -> None:
    """Raise ``UnsupportedServer`` for a PostgreSQL we cannot use, warn of one we would rather not.

    ``server_version`` as PostgreSQL counts: 180006 is 18.6.
    """
    major = server_version // 10_000
    if major < OLDEST_VERSION:
        raise UnsupportedServer(
            f"This is PostgreSQL {major}; SchoolOps needs {OLDEST_VERSION} or newer "
            f"(the wall between schools stands on GRANT … WITH INHERIT FALSE, SET TRUE). "
            f"{RECOMMENDED_VERSION} is recommended."
        )
    if major < RECOMMENDED_VERSION:
        warnings.warn(
            f"This is PostgreSQL {major}; it works, but SchoolOps is built and measured on {RECOMMENDED_VERSION}.",
            stacklevel=2,
        )


def with_login(url: str, login: str, password: str, database: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(
        netloc=f"{quote(login)}:{quote(password, safe='')}@{host}",
        path=f"/{quote(database)}",
    ).geturl()


def with_database(url: str, database: str) -> str:
    return urlsplit(url)._replace(path=f"/{quote(database)}").geturl()


def database_of(url: str) -> str:
    return unquote(urlsplit(url).path.lstrip("/"))


def server_of(url: str) -> str:
    """Host and port, as the URL has them."""
    return urlsplit(url).netloc.rpartition("@")[2]


def login_of(url: str) -> tuple[str, str]:
    """The login and the password in a URL."""
    parts = urlsplit(url)
    return unquote(parts.username or ""), unquote(parts.password or "")


def _connect(url: str) -> psycopg.Connection:
    try:
        return psycopg.connect(_libpq(url), autocommit=True)
    except psycopg.OperationalError as refused:
        # The database the URL names may be the one to make: then the server's own is the way in.
        if f'database "{database_of(url)}" does not exist' not in str(refused):
            raise
        return psycopg.connect(_libpq(with_database(url, "postgres")), autocommit=True)


def _libpq(url: str) -> str:
    # libpq knows two of the names django-environ accepts.
    scheme, separator, rest = url.partition("://")
    return f"postgresql{separator}{rest}" if scheme in ("pgsql", "psql", "postgres") else url


def _about_me(connection: psycopg.Connection) -> tuple[str, bool, bool]:
    row = connection.execute(
        "SELECT rolname, rolsuper, rolcreaterole AND rolcreatedb FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    if row is None:
        raise LoginsNotMade("The login we are connected as is not in pg_roles.")
    return row[0], row[1], row[2]


def _ensure_role(connection: psycopg.Connection, name: str, attributes: str, password: str) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    connection.execute(
        sql.SQL("{} ROLE {} {} PASSWORD {}").format(
            sql.SQL("ALTER" if known else "CREATE"),
            sql.Identifier(name),
            sql.SQL(attributes),
            sql.Literal(password),
        )
    )


def _ensure_database(connection: psycopg.Connection, name: str, *, owner: str, may_take_over: bool) -> None:
    row = connection.execute("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", [name]).fetchone()
    if row is None:
        # From template0: what somebody put into template1 is not ours to carry on.
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'").format(
                sql.Identifier(name), sql.Identifier(owner)
            )
        )
    elif row[0] != owner and not may_take_over:
        raise LoginsNotMade(
            f"The database {name} belongs to {row[0]}, not to {owner}. "
            f"Set DATABASE_ADMIN_URL to its owner's login, with CREATEROLE and CREATEDB."
        )


def _take_over_if_empty(connection: psycopg.Connection, database: str, *, owner: str) -> None:
    row = connection.execute(
        "SELECT pg_get_userbyid(datdba), EXISTS (SELECT FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname NOT LIKE 'pg\\_toast%%')"
        " FROM pg_database WHERE datname = current_database()"
    ).fetchone()
    if row is None or row[0] == owner:
        return
    if row[1]:
        raise LoginsNotMade(
            f"The database {database} belongs to {row[0]} and holds tables already. "
            f"Set DATABASE_ADMIN_URL to its owner's login, with CREATEROLE and CREATEDB."
        )
    connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(database), sql.Identifier(owner)))


def _close_the_database(connection: psycopg.Connection, database: str, web: str) -> None:
    """Whoever may log in elsewhere on this server has no business here, and the web login makes no tables."""
    for statement in (
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        "REVOKE ALL ON DATABASE {database} FROM {web}",
        "GRANT CONNECT ON DATABASE {database} TO {web}",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    ):
        connection.execute(sql.SQL(statement).format(database=sql.Identifier(database), web=sql.Identifier(web)))
    shut_the_catalogue(connection, web)


# Large objects and advisory locks, which PostgreSQL gives everybody.
OF_THE_CATALOGUE = (
    "pronamespace = 'pg_catalog'::regnamespace"
    " AND (proname LIKE 'lo\\_%' OR proname IN ('loread', 'lowrite') OR proname LIKE 'pg\\_%advisory%')"
)


def shut_the_catalogue(connection: psycopg.Connection[Any], web: str) -> None:
    """Take from everybody but the two logins what PostgreSQL gives everybody: large objects and advisory locks.

    A school's role could keep either out of its schema's reach: what no purge finds, and locks that others wait for.
    Only who owns the functions can take them away, a superuser; from anybody else this changes nothing, and
    ``manage.py doctor`` says so.
    """
    found = connection.execute(
        f"SELECT oid::regprocedure::text FROM pg_proc WHERE {OF_THE_CATALOGUE} AND pg_has_role(proowner, 'USAGE')"  # noqa: S608 - ours
    ).fetchall()
    row = connection.execute("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()")
    (owner,) = row.fetchone() or (web,)
    for (function,) in found:
        for statement in ("REVOKE EXECUTE ON FUNCTION {} FROM PUBLIC", "GRANT EXECUTE ON FUNCTION {} TO {}, {}"):
            connection.execute(sql.SQL(statement).format(sql.SQL(function), sql.Identifier(owner), sql.Identifier(web)))
