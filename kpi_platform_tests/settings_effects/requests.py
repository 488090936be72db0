"""Effects on Fivetran, which is asked for its state; on due times; on links; on where dbt builds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from kpi_platform.adapters.destination.open import open_destination
from kpi_platform.adapters.destination.protocol import DbtTarget
from kpi_platform.adapters.fivetran import FivetranApi
from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.domain.due_times import Recorded, customer_next_sync
from kpi_platform.domain.record_links import record_links
from kpi_platform.domain.settings import parse_settings
from kpi_platform.domain.sources import SOURCES
from kpi_platform.pipeline.apply_settings import apply_settings
from kpi_platform_tests.settings_effects.effect import Effect, merged

NIGHT = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
"""When due times are looked at. Both sources were last synced at midnight."""

_MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
CONNECTED = {"salesforce": {"connection_id": "crm"}, "servicenow": {"connection_id": "itsm"}}


@dataclass(frozen=True)
class Told:
    """What Fivetran says of two connections after it was told the settings."""

    connections: Mapping[str, Any]
    tables: Mapping[str, Mapping[str, bool]]


def connect(api: FivetranApi, sample: Mapping[str, int]) -> dict[str, str]:
    """Two connections of each source, set up, their tables known; their ids by the names that documents here
    have for them."""
    ids = {}
    for name in ("crm", "crm2", "itsm", "itsm2"):
        made = api.create_connection(
            service="salesforce" if name.startswith("crm") else "servicenow",
            group_id="local",
            config={"schema": f"effects_{name}", "sample": sample},
            redirect_uri="https://dashboard.example/back",
        )
        assert made.connect_card_url is not None
        assert httpx.post(made.connect_card_url).status_code == 303
        assert api.reload_schemas(made.connection.id)
        ids[name] = made.connection.id
    return ids


def fivetran_after(
    configuration: Configuration, api: FivetranApi, ids: Mapping[str, str], document: Mapping[str, Any]
) -> Told:
    """Tells Fivetran all of the settings, and asks it back."""
    named = merged(CONNECTED, document)
    for source in SOURCES:
        named[source]["connection_id"] = ids[named[source]["connection_id"]]
    apply_settings(configuration, None, parse_settings(named))
    tables: dict[str, dict[str, bool]] = {}
    for name in ("crm", "itsm"):
        [schema] = (api.schemas(ids[name]) or api.reload_schemas(ids[name])).values()
        tables[name] = {table["name_in_destination"]: table["enabled"] for table in schema["tables"].values()}
    return Told({name: api.connection(key) for name, key in ids.items()}, tables)


def next_sync_after(document: Mapping[str, Any]) -> datetime | None:
    """When the customer is synced next."""
    settings = parse_settings(merged(CONNECTED, document))
    return customer_next_sync(settings, dict.fromkeys(SOURCES, Recorded(started_at=_MIDNIGHT)), NIGHT)


def links_with(document: Mapping[str, Any]) -> tuple[Any, Any]:
    """The links of one record of each source."""
    settings = parse_settings(document)
    return record_links(settings, "salesforce.case", "500A"), record_links(
        settings, "servicenow.incident", "1"
    )


def dbt_told(document: Mapping[str, Any]) -> DbtTarget:
    """Where dbt is told to build, and with which secret."""
    environment = {
        "KPI_ALLOWED_HOSTS": "*",
        "KPI_PLATFORM_HOME": "/nowhere",
        "WAREHOUSE_PASSWORD": "usual",
        "KPI_SECRET_ACME_PASSWORD": "other",
    }
    configuration = Configuration.from_environment(environment)
    secrets = CustomerSecrets(configuration, "acme", allowed=frozenset({"WAREHOUSE_PASSWORD"}))
    return open_destination(configuration, parse_settings(document).warehouse, secrets).dbt_target()


def _connection(name: str, attribute: str, values: tuple[Any, Any], **beside: Any) -> Effect:
    return Effect("fivetran", values, lambda told: getattr(told.connections[name], attribute), beside)


def _table(name: str, table: str) -> Effect:
    return Effect("fivetran", (True, False), lambda told: told.tables[name].get(table))


_ORG, _INSTANCE = "https://a.my.salesforce.com", "https://a.service-now.com"
_POSTGRES = {"type": "postgres", "host": "one.example", "database": "one", "username": "one"}
_SNOWFLAKE = {**_POSTGRES, "type": "snowflake", "warehouse": "one", "role": "one"}
_BIGQUERY = {"type": "bigquery", "project": "one", "dataset": "one"}


def _output(values: tuple[Any, Any], name: str, beside: Mapping[str, Any] = _POSTGRES) -> Effect:
    return Effect("warehouse", values, lambda told: told.output[name], {"warehouse": beside})


_OFFICE_HOURS = {"fivetran": {"sync_window": {"start_hour": 9, "end_hour": 17}}}
_AUTO = {"scheduler": "fivetran"}
_OBJECTS = {
    "accounts": "account", "contacts": "contact", "opportunities": "opportunity", "cases": "case",
    "tasks": "task", "users": "user",
}  # fmt: skip
_ITSM_TABLES = {
    "incidents": "incident", "problems": "problem", "change_requests": "change_request", "tasks": "task",
    "configuration_items": "cmdb_ci", "users": "sys_user",
}  # fmt: skip

REQUEST_EFFECTS: dict[str, Effect] = {
    "fivetran.enabled": Effect("due", (True, False), lambda at: at),
    "fivetran.scheduler": _connection("crm", "schedule_type", ("platform", "fivetran")),
    "fivetran.sync_frequency_minutes": _connection("crm", "sync_frequency", (360, 60)),
    "fivetran.sync_salesforce": _connection("crm", "schedule_type", (True, False), fivetran=_AUTO),
    "fivetran.sync_servicenow": _connection("itsm", "schedule_type", (True, False), fivetran=_AUTO),
    "fivetran.timezone": Effect(
        "due",
        ("UTC", "Asia/Tokyo"),
        lambda at: at,
        _OFFICE_HOURS,
    ),
    "fivetran.sync_window.start_hour": Effect("due", (0, 7), lambda at: at),
    "fivetran.sync_window.end_hour": Effect(
        "due", (23, 1), lambda at: at, {"fivetran": {"sync_frequency_minutes": 60}}
    ),
    "salesforce.sync_frequency_minutes": _connection("crm", "sync_frequency", (360, 720)),
    "servicenow.sync_frequency_minutes": _connection("itsm", "sync_frequency", (180, 60)),
    "salesforce.connection_id": _connection(
        "crm2", "sync_frequency", ("crm", "crm2"), salesforce={"sync_frequency_minutes": 480}
    ),
    "servicenow.connection_id": _connection(
        "itsm2", "sync_frequency", ("itsm", "itsm2"), servicenow={"sync_frequency_minutes": 480}
    ),
    **{f"salesforce.sync_objects.{name}": _table("crm", table) for name, table in _OBJECTS.items()},
    **{f"servicenow.sync_tables.{name}": _table("itsm", table) for name, table in _ITSM_TABLES.items()},
    "salesforce.instance_url": Effect("links", (None, _ORG), lambda links: links[0].page),
    "servicenow.instance_url": Effect("links", (None, _INSTANCE), lambda links: links[1].page),
    "salesforce.api_version": Effect(
        "links",
        ("v58.0", "v61.0"),
        lambda links: links[0].api,
        {"salesforce": {"instance_url": _ORG}},
    ),
    "warehouse.type": Effect(
        "warehouse", ("duckdb", "postgres"), lambda told: told.output["type"], {"warehouse": _POSTGRES}
    ),
    "warehouse.schema": _output(("kpi", "marts"), "schema"),
    "warehouse.host": _output(("one.example", "two.example"), "host"),
    "warehouse.port": _output((None, 6543), "port"),
    "warehouse.database": _output(("one", "two"), "dbname"),
    "warehouse.username": _output(("one", "two"), "user"),
    "warehouse.credentials_secret": Effect(
        "warehouse",
        (None, "KPI_SECRET_ACME_PASSWORD"),
        lambda told: list(told.secrets.values()),
        {"warehouse": _POSTGRES},
    ),
    "warehouse.warehouse": _output(("one", "two"), "warehouse", _SNOWFLAKE),
    "warehouse.role": _output(("one", "two"), "role", _SNOWFLAKE),
    "warehouse.project": _output(("one", "two"), "project", _BIGQUERY),
    "warehouse.dataset": _output((None, "two"), "dataset", _BIGQUERY),
}
