"""The catalogue of destinations: how each kind is named, found and signed in to. How one is reached is in
`adapters/destination/`, its SQL in `dbt/macros/dialects/`."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

DestinationName = Literal["duckdb", "snowflake", "bigquery", "redshift", "postgres"]

PASSWORD, KEY_PATH = "WAREHOUSE_PASSWORD", "WAREHOUSE_PRIVATE_KEY_PATH"
DEFAULT_CREDENTIALS = (PASSWORD, KEY_PATH)
"""Credentials of the installation itself. They are for its default place alone."""


@dataclass(frozen=True, slots=True)
class DestinationKind:
    """A kind of destination.

    `place` is what tells two of them apart: the file of the installation, a project, an account, or a server
    (host and port). `credentials` are those of the installation that sign in, the first that is set;
    `needs_credential` says that there is no other way, such as the identity of the process. `port` is the
    usual one. `host` is that of everybody, empty if settings name it; `domain` is the end of a host's name
    that may be left out. `folds_names`: databases whose names differ in capitals alone are the same.
    """

    name: DestinationName
    place: Literal["file", "project", "account", "server"]
    credentials: tuple[str, ...] = ()
    needs_credential: bool = False
    port: int = 0
    host: str = ""
    domain: str = ""
    folds_names: bool = True


DESTINATION_KINDS: Mapping[str, DestinationKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            DestinationKind("duckdb", "file"),
            DestinationKind(
                "snowflake",
                "account",
                (KEY_PATH, PASSWORD),
                needs_credential=True,
                port=443,
                domain=".snowflakecomputing.com",
            ),
            DestinationKind("bigquery", "project", (KEY_PATH,), port=443, host="bigquery.googleapis.com"),
            DestinationKind("redshift", "server", (PASSWORD,), port=5439),
            DestinationKind(
                "postgres", "server", (PASSWORD,), needs_credential=True, port=5432, folds_names=False
            ),
        )
    }
)
