from __future__ import annotations

import psycopg
import pytest

from schoolops import launcher


def _attributes(servers: launcher.Servers, login: str) -> dict[str, bool]:
    with psycopg.connect(servers.superuser_url) as connection:
        row = connection.execute(
            "SELECT rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
            " FROM pg_roles WHERE rolname = %s",
            [login],
        ).fetchone()
    assert row is not None
    return dict(zip(("login", "super", "createrole", "createdb", "replication", "bypassrls"), row, strict=True))


def test_the_web_login_may_log_in_and_nothing_else(cluster: launcher.Servers) -> None:
    assert [name for name, has in _attributes(cluster, "schoolops_web").items() if has] == ["login"]


def test_the_admin_login_provisions_and_is_no_superuser(cluster: launcher.Servers) -> None:
    held = [name for name, has in _attributes(cluster, "schoolops_admin").items() if has]
    assert held == ["login", "createrole", "createdb"]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE ROLE intruder",
        "CREATE DATABASE intruder",
        "CREATE SCHEMA intruder",
        "CREATE TABLE public.intruder (id int)",
        "CREATE TEMPORARY TABLE intruder (id int)",
        "CREATE EXTENSION btree_gist SCHEMA public",
        "SET ROLE schoolops_admin",
        "ALTER ROLE schoolops_web CREATEROLE",
        "ALTER DATABASE schoolops OWNER TO schoolops_web",
    ],
)
def test_the_web_login_is_refused(cluster: launcher.Servers, statement: str) -> None:
    with (
        psycopg.connect(cluster.database_url, autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


def test_the_admin_login_makes_schemas_and_roles_and_lends_them_to_the_web_login(cluster: launcher.Servers) -> None:
    with psycopg.connect(cluster.database_admin_url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA school_oak")
        connection.execute("CREATE TABLE school_oak.student (name text)")
        connection.execute("CREATE ROLE schoolops__school_oak NOLOGIN")
        connection.execute("GRANT schoolops__school_oak TO schoolops_web WITH INHERIT FALSE, SET TRUE")
        connection.execute("GRANT USAGE ON SCHEMA school_oak TO schoolops__school_oak")
        connection.execute("GRANT SELECT ON school_oak.student TO schoolops__school_oak")
        connection.execute("CREATE EXTENSION btree_gist SCHEMA public")
    with psycopg.connect(cluster.database_url, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM school_oak.student")
        connection.execute("SET ROLE schoolops__school_oak")
        assert connection.execute("SELECT * FROM school_oak.student").fetchall() == []


def test_a_login_of_another_database_does_not_get_in(cluster: launcher.Servers) -> None:
    _, other_web = launcher.ensure_logins(cluster.superuser_url, "other")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(other_web.rpartition("/")[0] + "/schoolops")


def test_making_the_logins_again_keeps_known_passwords_and_repairs_attributes(cluster: launcher.Servers) -> None:
    passwords = {"elm_admin": "one", "elm_web": "two"}
    first = launcher.ensure_logins(cluster.superuser_url, "elm", passwords=passwords)
    with psycopg.connect(cluster.superuser_url, autocommit=True) as connection:
        connection.execute("ALTER ROLE elm_web CREATEROLE NOLOGIN SUPERUSER BYPASSRLS")

    assert launcher.ensure_logins(cluster.superuser_url, "elm", passwords=passwords) == first

    assert [name for name, has in _attributes(cluster, "elm_web").items() if has] == ["login"]
    psycopg.connect(first[1]).close()


def test_a_provisioning_login_stays_the_admin_login(cluster: launcher.Servers) -> None:
    with psycopg.connect(cluster.superuser_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE bursar LOGIN CREATEROLE CREATEDB PASSWORD 'p/w'")
    url = cluster.superuser_url.rpartition("/")[0].replace(
        cluster.superuser_url.split("@")[0], "postgres://bursar:p%2Fw"
    )

    # The database it names is not there yet.
    admin_url, web_url = launcher.ensure_logins(f"{url}/ash", "ash")

    assert admin_url == f"{url}/ash"
    with psycopg.connect(web_url) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("ash_web",)


def test_a_login_that_may_not_provision_is_told_what_to_set(cluster: launcher.Servers) -> None:
    with pytest.raises(launcher.LoginsNotMade, match="Set DATABASE_ADMIN_URL"):
        launcher.ensure_logins(cluster.database_url, "schoolops")


def test_an_empty_database_of_a_superuser_is_taken_over_a_filled_one_is_not(cluster: launcher.Servers) -> None:
    with psycopg.connect(cluster.superuser_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE empty")
        connection.execute("CREATE DATABASE filled")
    with psycopg.connect(cluster.superuser_url.rpartition("/")[0] + "/filled") as connection:
        connection.execute("CREATE TABLE ledger (id int)")

    launcher.ensure_logins(cluster.superuser_url, "empty")
    with pytest.raises(launcher.LoginsNotMade, match="holds tables already"):
        launcher.ensure_logins(cluster.superuser_url, "filled")


def test_an_old_server_is_refused_and_one_that_will_do_is_warned_of() -> None:
    with pytest.raises(launcher.UnsupportedServer, match="PostgreSQL 15; SchoolOps needs 16"):
        launcher.check_version(150_013)
    with pytest.warns(UserWarning, match="PostgreSQL 17"):
        launcher.check_version(170_004)
    launcher.check_version(180_006)


def test_a_server_that_does_not_answer_is_an_error_of_ours() -> None:
    with pytest.raises(launcher.LoginsNotMade):
        launcher.ensure_logins(f"postgres://anna:secret@127.0.0.1:{launcher.free_port()}/schoolops")
