"""Roles of a PostgreSQL database: one that lands and builds, one that may see nothing, and one that sees
tables and may not read them."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from kpi_platform_tests.destinations.started import Refusal
from kpi_platform_tests.postgres import PASSWORD_ROLE

LOADER, STRANGER, BLIND = "kpi_loader", "kpi_stranger", "kpi_blind"
PASSWORD = "s3cr3t of the loader"


def create_roles(database_url: str) -> None:
    """`database_url` is a superuser's. Roles belong to the whole server and may be there already."""
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
        roles = {name for (name,) in connection.execute("select rolname from pg_roles")}
        if PASSWORD_ROLE not in roles:
            connection.execute(sql.SQL("create role {}").format(sql.Identifier(PASSWORD_ROLE)))
        for role in (LOADER, STRANGER, BLIND):
            if role not in roles:
                connection.execute(
                    sql.SQL("create role {} login password {} in role {}").format(
                        sql.Identifier(role), sql.Literal(PASSWORD), sql.Identifier(PASSWORD_ROLE)
                    )
                )
        database = sql.Identifier(connection.info.dbname)
        loader, blind = sql.Identifier(LOADER), sql.Identifier(BLIND)
        connection.execute(sql.SQL("grant create on database {} to {}").format(database, loader))
        for right in ("usage on schemas", "insert on tables"):
            connection.execute(
                sql.SQL("alter default privileges for role {} grant {} to {}").format(
                    loader, sql.SQL(right), blind
                )
            )


@contextmanager
def silent_port() -> Iterator[int]:
    """A port that takes connections and never answers. At the end they are reset, and what waited ends."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port: int = listener.getsockname()[1]
        yield port
    for thread in threading.enumerate():
        if thread.name == "connection-test":
            thread.join(20)


def refusals(silent: int) -> list[Refusal]:
    """How a server with these roles refuses, at which step."""

    def changed(case: str, step: Any, says: str, **warehouse: Any) -> Refusal:
        return Refusal(case, step, says, warehouse=warehouse)

    def secret(case: str, step: Any, says: str, environment: Mapping[str, str]) -> Refusal:
        return Refusal(case, step, says, environment=environment)

    return [
        changed("host that is not allowed", "resolve", "KPI_ALLOWED_HOSTS", host="db.example.com"),
        secret("no password in the environment", "resolve", "WAREHOUSE_PASSWORD", {"WAREHOUSE_PASSWORD": ""}),
        changed("nothing listens", "connect", "port 1", port=1),
        Refusal("no answer", "authenticate", "No answer", warehouse={"port": silent}, limit_seconds=0.5),
        secret("wrong password", "authenticate", "password", {"WAREHOUSE_PASSWORD": "wr0ng"}),
        changed("unknown user", "authenticate", "nobody", username="nobody"),
        changed("unknown database", "database", "nowhere", database="nowhere"),
        Refusal("unknown schema", "schema", "nowhere", raw_schema="nowhere"),
        changed("no permission on the schema", "schema", "may be read", username=STRANGER),
        changed("no permission to read", "can_read", "permission denied", username=BLIND),
    ]
