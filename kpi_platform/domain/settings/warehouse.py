"""The section about the destination that Fivetran lands in and the marts are built in."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from kpi_platform.domain.destination_kinds import DestinationName
from kpi_platform.domain.limits import Matching
from kpi_platform.domain.settings.section import (
    Blank,
    Identifier,
    SecretName,
    Section,
    Text,
    setting,
)

Host = Annotated[
    str,
    Field(max_length=253),
    Matching(r"[A-Za-z0-9._:-]+|/[A-Za-z0-9._/-]+", "a host name without protocol, port or path"),
]


_SERVERS: tuple[DestinationName, ...] = ("snowflake", "redshift", "postgres")
ONLY_FOR: Mapping[str, tuple[DestinationName, ...]] = {
    "warehouse": ("snowflake",),
    "role": ("snowflake",),
    "project": ("bigquery",),
    "dataset": ("bigquery",),
    "database": _SERVERS,
    "username": _SERVERS,
    "host": ("bigquery", *_SERVERS),
    "port": ("bigquery", *_SERVERS),
    "credentials_secret": ("bigquery", *_SERVERS),
}
"""The kinds of destination that a setting is about; one that is not named is about all."""


class WarehouseSettings(Section, kind="placement"):
    """The place of the raw schemas and the marts. Holds names of secrets, never secrets."""

    type: DestinationName = setting(
        "duckdb", "Kind of destination. duckdb is the file under KPI_PLATFORM_HOME and needs none of the "
        "others.",
        environment="WAREHOUSE_TYPE",
    )  # fmt: skip
    schema_: Identifier = setting(
        "kpi", "Schema in which the KPI tables are built.", alias="schema", allowed="identifier",
        environment="WAREHOUSE_SCHEMA",
    )  # fmt: skip
    host: Annotated[Host | None, Blank] = setting(
        None, "Host of the destination (Snowflake: the account). It must be on the operator's list "
        "KPI_ALLOWED_HOSTS.",
        allowed="host name", environment="WAREHOUSE_HOST",
    )  # fmt: skip
    port: Annotated[int, Field(ge=1, le=65535)] | None = setting(
        None, "Port of the destination. Empty: the usual one of its kind.", environment="WAREHOUSE_PORT"
    )
    database: Annotated[Text | None, Blank] = setting(
        None, "Database in which the schemas are.", environment="WAREHOUSE_DATABASE"
    )
    warehouse: Annotated[Text | None, Blank] = setting(
        None, "Snowflake: the virtual warehouse that computes.", environment="WAREHOUSE_WAREHOUSE"
    )
    role: Annotated[Text | None, Blank] = setting(
        None, "Snowflake: the role that is taken after sign-in.", environment="WAREHOUSE_ROLE"
    )
    project: Annotated[Text | None, Blank] = setting(
        None, "BigQuery: the project that owns the datasets and pays.", environment="WAREHOUSE_PROJECT"
    )
    dataset: Annotated[Identifier | None, Blank] = setting(
        None,
        "BigQuery: the dataset in which the KPI tables are built. Empty: the schema.",
        environment="WAREHOUSE_DATASET",
    )
    username: Annotated[Text | None, Blank] = setting(
        None, "User that the platform signs in as.", environment="WAREHOUSE_USERNAME"
    )
    credentials_secret: Annotated[SecretName | None, Blank] = setting(
        None, "Name of the environment variable with the password, the text of the key, or (if the name "
        "ends in _FILE or _PATH) the path of the file that holds it. It begins with KPI_SECRET_ and the "
        "customer's key in capitals, or the operator lists it. Empty: WAREHOUSE_PASSWORD or "
        "WAREHOUSE_PRIVATE_KEY_PATH, at the installation's default place alone.",
        allowed="name of an environment variable",
    )  # fmt: skip
