"""Signing in to Amazon Redshift: with a password, or through IAM."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from socket import AF_INET
from typing import Any, Self

import redshift_connector
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
from redshift_connector.core import Connection
from redshift_connector.error import Error

from kpi_platform.adapters.destination.pins import guard_redshift, pin
from kpi_platform.adapters.destination.protocol import DbtTarget
from kpi_platform.adapters.door import CONNECT_SECONDS, Door
from kpi_platform.adapters.secrets import CustomerSecrets, hidden, unless_it_tells
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import DestinationUnavailable, InvalidInput, InvalidSettings, NotFound
from kpi_platform.domain.settings import WarehouseSettings

SSL_VARIABLE = "WAREHOUSE_SSLMODE"
_SSL_MODES = ("verify-ca", "verify-full", "disable")
_NO_SUCH_TABLE = "42P01"

_ENDPOINT = re.compile(
    r"(?P<name>[^.]+)\.[^.]+\.(?P<region>[a-z0-9-]+)\.redshift(?P<serverless>-serverless)?\.amazonaws\.com"
)
"""The host of a cluster or workgroup, as AWS shows it."""

_DBT_QUERY_GROUP = (
    "{{ ('kpi_platform ' ~ (var('run_id', none) or '-') ~ ' '"
    " ~ (var('customers', []) | map(attribute='key') | join(',')))[:320] }}"
)
"""The label of a build's queries in the system tables: run and customers. Redshift takes 320 characters."""


@dataclass(frozen=True, slots=True)
class RedshiftConnection:
    """Signs in with `password`. If that is None, it signs in through IAM with the AWS credentials of the
    process, as the database user `username`, or as the caller's role if there is none. With `address`, what
    the host resolved to behind the door, its name is not resolved again."""

    host: str
    port: int
    database: str
    username: str | None
    password: str | None = field(repr=False)
    door: Door
    ssl_mode: str = _SSL_MODES[0]
    address: str | None = None

    @classmethod
    def from_settings(
        cls, configuration: Configuration, warehouse: WarehouseSettings, secrets: CustomerSecrets
    ) -> "RedshiftConnection":
        """Parses the settings. A host of Amazon's without a secret signs in through IAM. Raises
        InvalidSettings if host or database are missing, or the username of a password."""
        iam = secrets.credential(warehouse) is None and bool(_ENDPOINT.fullmatch(warehouse.host or ""))
        needed = ["host", "database", *([] if iam else ["username"])]
        missing = [f"warehouse.{name}" for name in needed if not getattr(warehouse, name)]
        if missing:
            raise InvalidSettings(
                f"A Redshift destination needs {', '.join(missing)}.",
                next_step="Set them in the settings, or in the environment as WAREHOUSE_*.",
                details={"errors": [{"field": name, "message": "is needed"} for name in missing]},
            )
        return cls(
            host=warehouse.host or "",
            door=Door.to(configuration, warehouse.host or ""),
            port=warehouse.port or 5439,
            database=warehouse.database or "",
            username=warehouse.username,
            password=None if iam else secrets.password(warehouse),
            ssl_mode=_ssl_mode(configuration),
        )

    @property
    def name(self) -> str:
        return f"redshift {self.username or 'IAM'}@{self.host}:{self.port}/{self.database}"

    def dbt_target(self, schema: str) -> DbtTarget:
        templates = {"query_group": _DBT_QUERY_GROUP}
        output: dict[str, Any] = {
            "type": "redshift",
            "host": self.host,
            "port": self.port,
            "dbname": self.database,
            "schema": schema,
            "sslmode": self.ssl_mode,
            "connect_timeout": CONNECT_SECONDS,
            "threads": 4,
        }
        if self.password is not None:
            return DbtTarget(output | {"user": self.username}, {"password": self.password}, templates)
        name, region, serverless = self._endpoint()
        output |= {"method": "iam", "user": self.username} if self.username else {"method": "iam_role"}
        output |= {"region": region, "serverless_work_group" if serverless else "cluster_id": name}
        return DbtTarget(output, templates=templates)

    def driver_arguments(self) -> Mapping[str, Any]:
        """Returns the arguments of `redshift_connector.connect`."""
        arguments: dict[str, Any] = {
            "port": self.port,
            "database": self.database,
            "timeout": CONNECT_SECONDS,
            "ssl": self.ssl_mode != "disable",
            "sslmode": _SSL_MODES[0] if self.ssl_mode == "disable" else self.ssl_mode,
        }
        if self.password is not None:
            signed_in = {"user": self.username, "password": self.password}
            return arguments | signed_in | {"host": self.host}
        name, region, serverless = self._endpoint()
        as_role: dict[str, Any] = {"group_federation": not serverless}
        arguments |= {"db_user": self.username} if self.username else as_role
        named = "serverless_work_group" if serverless else "cluster_identifier"
        place = {"host": self.host, "region": region, named: name, "is_serverless": serverless}
        return arguments | {"iam": True, **place}

    def pinned(self) -> Self:
        """Returns the connection with the address that the door permits, and makes the driver use it. The
        driver takes IPv4 alone."""
        address = self.address or self.door.address(self.host, self.port, family=AF_INET)
        pin(self.host, address)
        guard_redshift()
        return replace(self, address=address)

    @contextmanager
    def opened(self, label: str) -> Iterator[Connection]:
        """Gives a connection whose statements are labelled, each committed by itself. Raises NotFound of a
        table that is not there, and DestinationUnavailable."""
        self.pinned()
        try:
            connection = redshift_connector.connect(**self.driver_arguments())
        except (Error, OSError, BotoCoreError, ClientError) as cause:
            raise self._unavailable(cause) from unless_it_tells(cause, self.password)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("select set_config('query_group', %s, false)", [f"kpi_platform {label}"[:320]])
            yield connection
        except Error as cause:
            if sql_state(cause) == _NO_SUCH_TABLE:
                raise NotFound(
                    f"{self.name} has no such table: {_message(cause)}.",
                    next_step="Compute the KPIs of a customer first.",
                ) from cause
            raise self._unavailable(cause) from unless_it_tells(cause, self.password)
        finally:
            connection.close()

    def _endpoint(self) -> tuple[str, str, bool]:
        """Name, region and whether it is serverless; of a host that signs in through IAM."""
        found = _ENDPOINT.fullmatch(self.host)
        if found is None:
            raise InvalidSettings(
                f"{self.host} is no host of a Redshift cluster or workgroup, which IAM needs.",
                next_step="Set warehouse.host to the endpoint that AWS shows, or WAREHOUSE_PASSWORD.",
            )
        return found["name"], found["region"], found["serverless"] is not None

    def _unavailable(self, cause: BaseException) -> DestinationUnavailable:
        return DestinationUnavailable(
            f"{self.name} refuses: {hidden(_message(cause), self.password)}",
            next_step="Check host, user, password or AWS credentials, and rights, and that the cluster runs.",
        )


def sql_state(cause: BaseException | None) -> str | None:
    return _details(cause).get("C")


def _message(cause: BaseException) -> str:
    return _details(cause).get("M") or str(cause).strip()


def _details(cause: BaseException | None) -> Mapping[str, str]:
    """The fields of a server's error by PostgreSQL's letters: C is the SQLSTATE, M the message."""
    first = cause.args[0] if cause is not None and cause.args else None
    return first if isinstance(first, dict) else {}


def _ssl_mode(configuration: Configuration) -> str:
    mode = configuration.get(SSL_VARIABLE) or _SSL_MODES[0]
    if mode not in _SSL_MODES:
        raise InvalidInput(
            f"{SSL_VARIABLE} is '{mode}'.", next_step=f"Set it to one of {', '.join(_SSL_MODES)}."
        )
    return mode
