# Long: every rule of one model, in its order.
"""The settings document: its defaults are the contract's, and what contradicts itself is refused."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.domain.errors import InvalidSettings
from kpi_platform.domain.kpis import KPIS
from kpi_platform.domain.settings import CustomerSettings, diff_settings, parse_settings
from kpi_platform.domain.sources import SOURCE_TABLES, SOURCES

DEFAULTS: dict[str, dict[str, Any]] = {
    "fivetran": {
        "enabled": True,
        "scheduler": "platform",
        "sync_frequency_minutes": 360,
        "sync_salesforce": True,
        "sync_servicenow": True,
        "timezone": "UTC",
        "sync_window": {"start_hour": 0, "end_hour": 23},
        "group_id": None,
    },
    "salesforce": {
        "enabled": True,
        "sync_frequency_minutes": None,
        "connection_id": None,
        "schema": "salesforce_crm",
        "instance_url": None,
        "api_version": "v58.0",
        "custom_fields": {
            "nps_score": "NPS_Score__c",
            "adoption_score": "Adoption_Score__c",
            "churn_risk": "Churn_Risk_Score__c",
            "health_score": "Health_Score__c",
            "satisfaction_rating": "Satisfaction_Rating__c",
            "last_login_date": "Last_Login_Date__c",
            "active_users": "Active_Users__c",
            "total_users": "Total_Users__c",
            "feature_usage_score": "Feature_Usage_Score__c",
            "executive_engagement": "Executive_Engagement__c",
        },
        "sync_objects": dict.fromkeys(
            ("accounts", "contacts", "opportunities", "cases", "tasks", "users"), True
        ),
        "formats": {"date_order": "ymd", "decimal": "point"},
        "account_types": {
            "customer": ["Customer"],
            "former": ["Former", "Customer - Churned", "Customer - Former"],
        },
    },
    "revenue": {"currency": "corporate", "fx": "constant"},
    "servicenow": {
        "enabled": True,
        "sync_frequency_minutes": 180,
        "connection_id": None,
        "schema": "servicenow_itsm",
        "instance_url": None,
        "formats": {"date_order": "ymd", "decimal": "point"},
        "table_prefix": "u_",
        "custom_fields": {
            "customer_account_id": "u_customer_account_id",
            "customer_account_name": "u_customer_account_name",
            "first_responded_at": "u_first_responded_at",
            "satisfaction_rating": "u_satisfaction_rating",
        },
        "sync_tables": dict.fromkeys(
            ("incidents", "problems", "change_requests", "tasks", "configuration_items", "users"), True
        ),
        "sla_source": "auto",
        "sla_unit": "ticket",
        "time_basis": "calendar",
        "child_incidents": "same_account",
        "reopened": "open_again",
        "link_placeholders": ["n/a", "na", "-", "none", "null", "unknown", "tbd", "0"],
    },
    "warehouse": {
        "type": "duckdb",
        "schema": "kpi",
        "host": None,
        "port": None,
        "database": None,
        "warehouse": None,
        "role": None,
        "project": None,
        "dataset": None,
        "username": None,
        "credentials_secret": None,
    },
    "account_matching": {
        "strategy": "fuzzy",
        "threshold": 0.85,
        "review_threshold": 0.70,
        "create_new_accounts": True,
        "update_existing_accounts": True,
    },
    "health_score": {
        "weights": {"relationship": 0.40, "adoption": 0.30, "business_outcomes": 0.30, "support": 0}
    },
    "update": {"mode": "upsert"},
    "error_handling": {
        "on_missing_account": "create",
        "on_duplicate_kpi": "update",
        "on_sync_failure": "retry",
        "max_retries": 3,
        "retry_delay_seconds": 300,
    },
    "alerts": {
        "webhook_url_secret": None,
        "on_sync_failure": True,
        "on_stale_hours": 24,
        "on_failed_checks": True,
        "on_threshold_crossing": False,
    },
}


def at_paths_of(shape: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """What the document says at the paths of `shape`."""
    return {
        key: at_paths_of(value, document[key]) if isinstance(value, dict) else document[key]
        for key, value in shape.items()
    }


def errors_of(document: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(InvalidSettings) as refused:
        parse_settings(document)
    return {error["field"]: error["message"] for error in refused.value.details["errors"]}


def test_the_defaults_are_those_of_the_contract() -> None:
    document = CustomerSettings().document()
    mappings = document.pop("kpi_mappings")
    assert document.pop("custom_kpis") == []
    # docs/settings.md, which is made of the model, also has those that came later.
    assert at_paths_of(DEFAULTS, document) == DEFAULTS
    assert list(mappings) == list(KPIS)


@pytest.mark.parametrize("slug", KPIS)
def test_a_kpi_mapping_starts_from_the_catalogue(slug: str) -> None:
    kpi, mapping = KPIS[slug], CustomerSettings().kpi_mappings[slug]
    assert mapping.enabled
    assert (mapping.source, mapping.category, mapping.impact_level) == (kpi.source, kpi.category, kpi.impact)
    assert (mapping.measurement_frequency, mapping.window_days) == (kpi.frequency, kpi.window_days)
    assert (mapping.thresholds.healthy, mapping.thresholds.at_risk) == (
        kpi.thresholds.healthy,
        kpi.thresholds.at_risk,
    )


def test_a_part_of_a_mapping_leaves_the_rest_at_its_default() -> None:
    mapping = parse_settings({"kpi_mappings": {"csat": {"thresholds": {"healthy": 4.5}}}}).kpi_mappings.csat
    assert (mapping.thresholds.healthy, mapping.thresholds.at_risk, mapping.window_days) == (4.5, 3, 90)


def test_net_revenue_retention_has_the_types_of_the_contract() -> None:
    types = CustomerSettings().kpi_mappings.net_revenue_retention.types
    assert types.new_business == ("New Business", "New Customer")
    assert types.renewal == ("Renewal", "Existing Customer - Replacement")
    assert types.expansion == (
        "Upsell",
        "Cross-sell",
        "Expansion",
        "Existing Customer - Upgrade",
        "Existing Business",
    )


def test_every_switch_of_a_source_table_is_a_setting() -> None:
    for source in SOURCES:
        wanted = {table.switch for table in SOURCE_TABLES[source] if table.switch}
        assert set(CustomerSettings().source(source).switches) == wanted


def test_the_document_survives_json_and_back() -> None:
    settings = parse_settings({"update": {"mode": "replace"}, "warehouse": {"schema": "marts"}})
    assert parse_settings(json.loads(json.dumps(settings.document()))) == settings


def test_the_table_prefix_makes_the_names_that_are_not_given() -> None:
    document = {"servicenow": {"table_prefix": "x_acme_", "custom_fields": {"first_responded_at": "u_first"}}}
    fields = parse_settings(document).servicenow.custom_fields
    assert fields.first_responded_at == "u_first"
    assert fields.customer_account_id == "x_acme_customer_account_id"


def test_a_field_of_a_mapping_wins_over_custom_fields() -> None:
    settings = parse_settings(
        {
            "salesforce": {"custom_fields": {"nps_score": "Old__c"}},
            "kpi_mappings": {"nps": {"field": "account.nps_score__c"}, "csat": {"field": "Rating__c"}},
        }
    )
    assert settings.mapped_field("salesforce", "nps_score") == "nps_score__c"
    assert settings.mapped_field("salesforce", "satisfaction_rating") == "Rating__c"
    assert settings.mapped_field("servicenow", "satisfaction_rating") == "u_satisfaction_rating"
    assert settings.mapped_field("salesforce", "total_users") == "Total_Users__c"


def test_the_former_name_of_the_fuzzy_strategy_is_known() -> None:
    assert (
        parse_settings({"account_matching": {"strategy": "name_fuzzy_match"}}).account_matching.strategy
        == "fuzzy"
    )


def test_creating_no_accounts_contradicts_creating_missing_ones() -> None:
    refused = errors_of({"account_matching": {"create_new_accounts": False}})
    (message,) = refused.values()
    assert "account_matching.create_new_accounts" in message
    assert "error_handling.on_missing_account" in message
    skip = {
        "account_matching": {"create_new_accounts": False},
        "error_handling": {"on_missing_account": "skip"},
    }
    assert parse_settings(skip).error_handling.on_missing_account == "skip"


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4).filter(lambda weights: abs(sum(weights) - 1) > 1e-6))
def test_weights_that_do_not_sum_to_one_are_refused(weights: list[float]) -> None:
    names = ("relationship", "adoption", "business_outcomes", "support")
    document = {"health_score": {"weights": dict(zip(names, weights, strict=True))}}
    assert "must sum to 1" in errors_of(document)["health_score.weights"]


@pytest.mark.parametrize(
    ("document", "field", "message"),
    [
        ({"account_matching": {"threshold": 0.6}}, "account_matching.review_threshold", "threshold (0.6)"),
        ({"account_matching": {"threshold": 1.5}}, "account_matching.threshold", "1 or less"),
        ({"fivetran": {"timezone": "Europe/Berln"}}, "fivetran.timezone", "'Europe/Berlin'"),
        ({"fivetran": {"sync_window": {"end_hour": 24}}}, "fivetran.sync_window.end_hour", "23 or less"),
        ({"fivetran": {"sync_frequency_minutes": 7}}, "fivetran.sync_frequency_minutes", "1440"),
        ({"fivetran": {"sync_frequency_minutes": "60"}}, "fivetran.sync_frequency_minutes", "must be 1, 5"),
        ({"fivetran": {"enabled": "yes"}}, "fivetran.enabled", "true or false"),
        ({"error_handling": {"max_retries": 1.5}}, "error_handling.max_retries", "whole number"),
        ({"error_handling": {"max_retries": True}}, "error_handling.max_retries", "whole number"),
        ({"salesforce": {"api_version": "58"}}, "salesforce.api_version", "v58.0"),
        ({"salesforce": {"schema": "crm; drop"}}, "salesforce.schema", "letters, digits and '_'"),
        ({"salesforce": {"instance_url": "http://a.example"}}, "salesforce.instance_url", "https"),
        ({"salesforce": {"instance_url": "https://u:p@a.example"}}, "salesforce.instance_url", "password"),
        ({"warehouse": {"host": "https://db.example"}}, "warehouse.host", "host name"),
        ({"kpi_mappings": {"nps": {"window_days": 30}}}, "kpi_mappings.nps.window_days", "left out"),
        ({"kpi_mappings": {"nps": {"field": "contact.x"}}}, "kpi_mappings.nps.field", "account"),
        ({"kpi_mappings": {"csat": {"window_days": 0}}}, "kpi_mappings.csat.window_days", "1 or more"),
        ({"kpi_mappings": {"csat": {"source": "servicenow"}}}, "kpi_mappings.csat.source", "'salesforce'"),
        (
            {"kpi_mappings": {"churn_risk": {"thresholds": {"healthy": 70}}}},
            "kpi_mappings.churn_risk.thresholds.healthy",
            "low values are better",
        ),
        (
            {"kpi_mappings": {"net_revenue_retention": {"types": {"renewal": ["upsell"]}}}},
            "kpi_mappings.net_revenue_retention.types.expansion",
            "stands in renewal already",
        ),
        ({"servicenow": {"schema": "Salesforce_CRM"}}, "servicenow.schema", "salesforce.schema"),
        (
            {"salesforce": {"connection_id": "a"}, "servicenow": {"connection_id": "a"}},
            "servicenow.connection_id",
            "salesforce.connection_id",
        ),
        (
            {"salesforce": {"account_types": {"customer": []}}},
            "salesforce.account_types.customer",
            "no account counts",
        ),
        (
            {"salesforce": {"account_types": {"customer": ["*", "Client"]}}},
            "salesforce.account_types.customer",
            "* alone",
        ),
        (
            {"salesforce": {"account_types": {"former": ["*"]}}},
            "salesforce.account_types.former",
            "no account would count",
        ),
        (
            {"salesforce": {"account_types": {"customer": ["  "]}}},
            "salesforce.account_types.customer.0",
            "beginning of one",
        ),
        (
            {"kpi_mappings": {"executive_engagement": {"titles": ["[a-z]"]}}},
            "kpi_mappings.executive_engagement.titles.0",
            "words of letters",
        ),
        ({"kpi_mappings": {"csat": {"scale": "1-6"}}}, "kpi_mappings.csat.scale", "'1-7'"),
        ({"revenue": {"currency": "eur"}}, "revenue.currency", "three capital letters, such as EUR"),
        ({"update": None}, "update", "section"),
        ({"custom_kpis": [{"name": "A"}]}, "custom_kpis.0.slug", "must be given"),
    ],
)
def test_a_wrong_value_is_refused_with_its_field(document: dict[str, Any], field: str, message: str) -> None:
    assert message in errors_of(document)[field]


@pytest.mark.parametrize(
    "value",
    ["hunter2", "s3cr3t-V4lue", "https://hooks.example/T0", "AKIAIOSFODNN7EXAMPLE", "a" * 40, "PASS WORD"],
)
def test_a_secret_is_refused_where_its_name_belongs_and_is_not_repeated(value: str) -> None:
    document = {"warehouse": {"credentials_secret": value}, "alerts": {"webhook_url_secret": value}}
    with pytest.raises(InvalidSettings) as refused:
        parse_settings(document)
    assert len(refused.value.details["errors"]) == 2
    assert value not in f"{refused.value} {refused.value.details}"


def test_the_name_of_a_secret_is_accepted() -> None:
    document = {
        "warehouse": {"credentials_secret": "WAREHOUSE_PASSWORD"},
        "alerts": {"webhook_url_secret": "ACME_HOOK_2"},
    }
    assert parse_settings(document).alerts.webhook_url_secret == "ACME_HOOK_2"


def test_an_empty_text_means_that_nothing_is_set() -> None:
    assert parse_settings({"salesforce": {"instance_url": ""}}).salesforce.instance_url is None


def test_a_source_has_its_own_frequency_or_that_of_the_fivetran_section() -> None:
    settings = parse_settings({"fivetran": {"sync_frequency_minutes": 720}})
    assert (settings.frequency("salesforce"), settings.frequency("servicenow")) == (720, 180)


def test_the_difference_of_two_documents_names_every_setting_that_changed() -> None:
    new = parse_settings({"update": {"mode": "replace"}, "kpi_mappings": {"nps": {"enabled": False}}})
    changes = {change.path: (change.old, change.new) for change in diff_settings(CustomerSettings(), new)}
    assert changes == {"update.mode": ("upsert", "replace"), "kpi_mappings.nps.enabled": (True, False)}
    assert diff_settings(new, new) == []
