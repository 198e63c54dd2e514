"""What Redis and PostgreSQL do: answer late, lose connections."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
from psycopg import sql

from tests.observe.causes import cause, repeatedly
from tests.observe.stage import PASSWORD, PATIENCE_S, Stage, ask


# Each web process remembers what it saw for a minute, and the alert waits for another: ten, ten times shorter.
@cause("IndexDrift", patience_s=2 * PATIENCE_S)
def an_index_is_not_what_was_declared(stage: Stage) -> Iterator[None]:
    comment = "COMMENT ON INDEX school_oak.audit_by_object IS {}"
    with psycopg.connect(stage.environment["DATABASE_ADMIN_URL"], autocommit=True) as connection:
        row = connection.execute(
            "SELECT obj_description('school_oak.audit_by_object'::regclass, 'pg_class')"
        ).fetchone()
        assert row is not None
        connection.execute(sql.SQL(comment).format("of something else"))
        yield
        connection.execute(sql.SQL(comment).format(row[0]))


@cause("RestoreDrillFailed")
def a_backup_does_not_come_back(stage: Stage) -> Iterator[None]:
    with psycopg.connect(stage.environment["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(
            "INSERT INTO copies_drill (school, at, rows, bytes, backup_seconds, restore_seconds, failed)"
            " VALUES ('oak', now(), 0, 0, 0, 0, 'The files are not those that were backed up.')"
        )
        yield
        connection.execute("DELETE FROM copies_drill")


@cause("RedisDisconnects")
def connections_to_redis_break(stage: Stage) -> Iterator[None]:
    with repeatedly(lambda _: stage.redis.reset(), 1.0):
        yield


@cause("RedisSlow")
def redis_is_slow(stage: Stage) -> Iterator[None]:
    stage.redis.latency_s = 0.3
    yield
    stage.redis.latency_s = 0.0


@cause("LoginsSlow", "StatementsSlow", "PermissionsSlow", "SlowQueriesMany", patience_s=2 * PATIENCE_S)
def the_database_is_slow(stage: Stage) -> Iterator[None]:
    stage.database.latency_s = 1.1
    with psycopg.connect(stage.environment["DATABASE_ADMIN_URL"], autocommit=True) as connection:

        def somebody_logs_in(_: int) -> None:
            # Beside them people are given other roles: what is remembered of permissions asks no database.
            connection.execute("UPDATE school_oak.accounts_user SET access_version = access_version + 1")
            ask(stage.port, "/api/v1/auth/login", body={"login": "carol", "password": PASSWORD})

        with repeatedly(somebody_logs_in, 0.5):
            yield
    stage.database.latency_s = 0.0


@cause("BreakerOpen", patience_s=2 * PATIENCE_S)
def redis_is_away(stage: Stage) -> Iterator[None]:
    stage.redis.refuse()
    yield
    stage.redis.accept()
