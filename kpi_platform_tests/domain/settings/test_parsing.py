"""From a document and the environment to settings: unknown keys, environment defaults, what is only shown."""

from typing import Any

import pytest

from kpi_platform.domain.errors import InvalidSettings
from kpi_platform.domain.settings import CustomerSettings, editable_part, parse_settings, settings_leaves
from kpi_platform_tests.domain.settings.test_model import errors_of

ENVIRONMENT = {
    "FIVETRAN_GROUP_ID": "group",
    "SALESFORCE_CONNECTOR_ID": "env_sf",
    "SERVICENOW_CONNECTOR_ID": "env_sn",
    "SALESFORCE_DOMAIN": "acme.my.salesforce.com",
    "SERVICENOW_INSTANCE_URL": "https://acme.service-now.com",
    "WAREHOUSE_TYPE": "postgres",
    "WAREHOUSE_HOST": "db.example",
    "WAREHOUSE_PORT": "5432",
    "WAREHOUSE_DATABASE": "raw",
    "WAREHOUSE_SCHEMA": "marts",
    "WAREHOUSE_USERNAME": "loader",
    "WAREHOUSE_PASSWORD": "a secret value",
}


@pytest.mark.parametrize(
    ("document", "field", "nearest"),
    [
        ({"salesforc": {}}, "salesforc", "salesforce"),
        ({"fivetran": {"time_zone": "UTC"}}, "fivetran.time_zone", "fivetran.timezone"),
        (
            {"salesforce": {"custom_fields": {"nps_scor": "X"}}},
            "salesforce.custom_fields.nps_scor",
            "salesforce.custom_fields.nps_score",
        ),
        ({"kpi_mappings": {"npss": {}}}, "kpi_mappings.npss", "kpi_mappings.nps"),
        (
            {"kpi_mappings": {"nps": {"thresholds": {"atrisk": 1}}}},
            "kpi_mappings.nps.thresholds.atrisk",
            "kpi_mappings.nps.thresholds.at_risk",
        ),
        ({"fivetran": {"max_retries": 1}}, "fivetran.max_retries", "error_handling.max_retries"),
        ({"custom_kpis": [{"nam": "A"}]}, "custom_kpis.0.nam", "custom_kpis.0.name"),
    ],
)
def test_an_unknown_key_names_the_nearest_known_one(
    document: dict[str, Any], field: str, nearest: str
) -> None:
    assert f"'{nearest}'" in errors_of(document)[field]


def test_a_key_for_a_secret_says_where_secrets_belong() -> None:
    refused = errors_of({"warehouse": {"password": "hunter2"}})
    assert "environment variable" in refused["warehouse.password"]
    assert "hunter2" not in str(refused)


def test_all_mistakes_are_reported_at_once() -> None:
    refused = errors_of(
        {"update": {"mode": "merge"}, "alerts": {"on_stale_hours": 0}, "fivetran": {"enabled": 1, "x": 1}}
    )
    assert set(refused) == {"update.mode", "alerts.on_stale_hours", "fivetran.enabled", "fivetran.x"}


def test_a_mistake_in_a_condition_of_a_custom_kpi_has_its_place() -> None:
    kpi = {"name": "A", "slug": "a", "source": "salesforce", "table": "case", "aggregate": "count"}
    condition = {"or": [{"field": "a b", "operator": "eq", "value": 1}]}
    assert "custom_kpis.0.filters.0.or.0.field" in errors_of(
        {"custom_kpis": [kpi | {"filters": [condition]}]}
    )
    refused = errors_of({"custom_kpis": [kpi | {"table": "user"}]})
    assert refused["custom_kpis.0.table"].startswith("'user' of salesforce has no account")
    assert "custom_kpis.1.slug" in errors_of({"custom_kpis": [kpi, kpi]})


def test_what_is_no_document_is_refused() -> None:
    with pytest.raises(InvalidSettings, match="named sections"):
        parse_settings(["fivetran"])  # type: ignore[arg-type]


def test_the_environment_gives_defaults() -> None:
    settings = parse_settings({}, environment=ENVIRONMENT)
    assert settings.fivetran.group_id == "group"
    assert (settings.salesforce.connection_id, settings.servicenow.connection_id) == ("env_sf", "env_sn")
    assert settings.salesforce.instance_url == "https://acme.my.salesforce.com"
    warehouse = settings.warehouse
    assert (warehouse.type, warehouse.host, warehouse.port) == ("postgres", "db.example", 5432)
    assert (warehouse.database, warehouse.schema_, warehouse.username) == ("raw", "marts", "loader")
    assert warehouse.credentials_secret == "WAREHOUSE_PASSWORD"
    assert "a secret value" not in str(settings.document())


def test_the_document_wins_over_the_environment() -> None:
    document = {"salesforce": {"connection_id": "mine"}, "warehouse": {"type": "duckdb", "schema": "kpi"}}
    settings = parse_settings(document, environment=ENVIRONMENT)
    assert (settings.salesforce.connection_id, settings.servicenow.connection_id) == ("mine", "env_sn")
    assert (settings.warehouse.type, settings.warehouse.schema_) == ("duckdb", "kpi")


def test_variables_that_name_a_connection_count_for_a_single_customer_only() -> None:
    settings = parse_settings({}, environment=ENVIRONMENT, single_customer=False)
    assert (settings.salesforce.connection_id, settings.servicenow.connection_id) == (None, None)
    assert settings.warehouse.type == "postgres"


def test_a_malformed_variable_is_refused_at_its_setting() -> None:
    with pytest.raises(InvalidSettings) as refused:
        parse_settings({}, environment={"WAREHOUSE_PORT": "many", "WAREHOUSE_TYPE": "oracle"})
    assert [error["field"] for error in refused.value.details["errors"]] == [
        "warehouse.type",
        "warehouse.port",
    ]


def test_every_variable_of_a_default_changes_its_setting() -> None:
    values = {"integer": "5432", "text": "abc"}
    special = {"WAREHOUSE_TYPE": "snowflake", "SERVICENOW_INSTANCE_URL": "https://a.service-now.com"}
    for leaf in settings_leaves():
        if leaf.environment:
            value = special.get(leaf.environment, values[leaf.type])
            changed = parse_settings({}, environment={leaf.environment: value})
            section, _, key = leaf.path.partition(".")
            assert str(changed.document()[section][key]).removeprefix("https://") == value.removeprefix(
                "https://"
            )


def test_last_and_next_sync_are_accepted_and_ignored() -> None:
    shown = {"fivetran": {"last_sync": "2026-01-01T00:00:00Z", "next_sync": None}}
    assert parse_settings(shown) == CustomerSettings()


def test_the_editable_part_leaves_out_what_is_only_shown() -> None:
    document = CustomerSettings().document()
    part = editable_part(document)
    assert "calculation" not in part["kpi_mappings"]["nps"]
    assert "source" not in part["kpi_mappings"]["nps"]
    assert part["kpi_mappings"]["nps"]["thresholds"] == {"healthy": 50, "at_risk": 10}
    assert parse_settings(part) == CustomerSettings()


@pytest.mark.parametrize(
    ("section", "stored"),
    [
        ({"custom_fields": {"first_responded_at": "u_first_responded_at"}}, {}),
        (
            {
                "table_prefix": "x_",
                "custom_fields": {
                    "first_responded_at": "x_first_responded_at",
                    "satisfaction_rating": "u_satisfaction_rating",
                },
            },
            {"table_prefix": "x_", "custom_fields": {"satisfaction_rating": "u_satisfaction_rating"}},
        ),
        ({"table_prefix": 1, "custom_fields": {"first_responded_at": "u_first_responded_at"}}, None),
        ({"custom_fields": "none"}, None),
    ],
)
def test_a_name_that_the_table_prefix_makes_is_not_kept_as_a_name_of_its_own(
    section: dict[str, Any], stored: dict[str, Any] | None
) -> None:
    wanted = section if stored is None else stored
    assert editable_part({"servicenow": section}) == {"servicenow": wanted}
