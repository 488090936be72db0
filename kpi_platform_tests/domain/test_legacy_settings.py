"""Settings files of older set-ups import under the names of today; what they cannot say is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from kpi_platform.domain.errors import InvalidSettings
from kpi_platform.domain.legacy_settings import ImportedSettings, import_settings
from kpi_platform.domain.settings import CustomerSettings, parse_settings


def imported(document: dict[str, Any]) -> tuple[ImportedSettings, CustomerSettings]:
    result = import_settings(document)
    return result, result.parse({}, single_customer=True)


def renames(document: dict[str, Any]) -> dict[str, str]:
    return {each.old: each.new for each in import_settings(document).renamed}


def refusals(document: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(InvalidSettings) as refused:
        imported(document)
    return {error["field"]: error["message"] for error in refused.value.details["errors"]}


def test_the_platforms_former_configuration_file_imports(shared: Path) -> None:
    document = json.loads((shared / "data/legacy_settings/platform_config.json").read_text())
    result, settings = imported(document)
    assert settings.salesforce.connection_id == "sf_connector_1"
    assert settings.servicenow.connection_id == "sn_connector_1"
    assert settings.fivetran.sync_frequency_minutes == 360
    assert settings.kpi_mappings.nps.field == "nps_score__c"
    assert settings.mapped_field("salesforce", "satisfaction_rating") == "satisfaction_rating__c"
    assert settings.mapped_field("servicenow", "first_responded_at") == "u_first_responded_at"
    assert settings.kpi_mappings.support_ticket_volume.window_days == 30
    assert settings.update.mode == "upsert"
    assert settings.account_matching.strategy == "fuzzy"
    renamed = {each.old: each.new for each in result.renamed}
    assert renamed["servicenow.tables.changes"] == "servicenow.sync_tables.change_requests"
    assert renamed["salesforce.kpi_mappings.NPS.source_field"] == "kpi_mappings.nps.field"
    assert renamed["servicenow.kpi_mappings.SLA Compliance.source_calculation"] == ""


def test_the_former_settings_page_imports(shared: Path) -> None:
    document = json.loads((shared / "data/legacy_settings/settings_page.json").read_text())
    result, settings = imported(document)
    assert settings.fivetran.enabled is False
    assert settings.warehouse.type == "snowflake"
    assert settings.error_handling.retry_delay_seconds == 300
    assert settings.account_matching.update_existing_accounts is True
    assert settings.kpi_mappings.nps.column == "nps_score__c"
    assert settings.kpi_mappings.support_ticket_volume.measurement_frequency == "Weekly"
    assert {each.old for each in result.renamed} >= {
        "fivetran.sync_frequency",
        "account_matching.update_existing",
        "error_handling.retry_delay",
        "kpi_mappings.support_tickets",
        "kpi_mappings.nps.frequency",
    }


def test_a_file_of_today_is_taken_as_it_is() -> None:
    document = parse_settings({"update": {"mode": "replace"}}).document()
    result, settings = imported(document)
    assert (result.renamed, result.refused) == ((), ())
    assert settings.update.mode == "replace"


def test_the_given_document_is_not_changed() -> None:
    document = {"sync_schedule": {"frequency_minutes": 60}}
    import_settings(document)
    assert document == {"sync_schedule": {"frequency_minutes": 60}}


@pytest.mark.parametrize(
    ("document", "old", "new"),
    [
        ({"sync_schedule": {"enabled": False}}, "sync_schedule", "fivetran"),
        ({"kpi_update_mode": "replace"}, "kpi_update_mode", "update.mode"),
        (
            {"fivetran": {"sync_frequency": 60}},
            "fivetran.sync_frequency",
            "fivetran.sync_frequency_minutes",
        ),
        (
            {"servicenow": {"frequency_minutes": 60}},
            "servicenow.frequency_minutes",
            "servicenow.sync_frequency_minutes",
        ),
        (
            {"kpi_mappings": {"Churn Risk Score": {"enabled": False}}},
            "kpi_mappings.Churn Risk Score",
            "kpi_mappings.churn_risk",
        ),
    ],
)
def test_a_former_name_is_renamed_and_said_so(document: dict[str, Any], old: str, new: str) -> None:
    assert renames(document)[old] == new
    _, settings = imported(document)
    assert settings != CustomerSettings()


def test_a_former_and_a_present_name_that_disagree_are_refused() -> None:
    both = {"salesforce": {"connector_id": "a", "connection_id": "b"}}
    assert "salesforce.connection_id" in refusals(both)["salesforce.connector_id"]
    imported({"salesforce": {"connector_id": "a", "connection_id": "a"}})


@pytest.mark.parametrize(
    ("document", "field", "message"),
    [
        (
            {"salesforce": {"kpi_mappings": {"Revenue Growth": {"source_calculation": "revenue * 2"}}}},
            "salesforce.kpi_mappings.Revenue Growth.source_calculation",
            "is not how Revenue Growth is measured",
        ),
        (
            {"kpi_mappings": {"csat": {"filters": "WHERE status = 'Closed'"}}},
            "kpi_mappings.csat.filters",
            "is no window of CSAT",
        ),
        (
            {"kpi_mappings": {"nps": {"filters": "WHERE opened_at >= CURRENT_DATE - 30"}}},
            "kpi_mappings.nps.filters",
            "is no window of NPS",
        ),
        (
            {"servicenow": {"kpi_mappings": {"NPS": {"source_field": "x"}}}},
            "servicenow.kpi_mappings.NPS",
            "is measured from salesforce",
        ),
        (
            {"salesforce": {"kpi_mappings": {"Happiness": {"source_field": "x"}}}},
            "salesforce.kpi_mappings.Happiness",
            "is no standard KPI",
        ),
        (
            {"salesforce": {"tables": {"accounts": "client"}}},
            "salesforce.tables.accounts",
            "must be 'account'",
        ),
        ({"sync_schedule": {"cron": "0 * * * *"}}, "fivetran.cron", "is not a setting"),
    ],
)
def test_what_cannot_be_taken_over_is_refused_with_field_and_reason(
    document: dict[str, Any], field: str, message: str
) -> None:
    assert message in refusals(document)[field]


@pytest.mark.parametrize(
    ("slug", "expression", "field"),
    [
        ("csat", "avg(case.Rating__c)", "case.Rating__c"),
        ("nps", "account.nps_score__c", "account.nps_score__c"),
        ("support_satisfaction", "AVG(incident.u_rating)", "incident.u_rating"),
        ("support_satisfaction", "AVG(incident.satisfaction_rating)", None),
        ("first_response_time", "AVG(incident.u_first - incident.opened_at) IN HOURS", "incident.u_first"),
        ("resolution_time", "AVG(resolved_at - opened_at) IN HOURS", None),
        ("support_ticket_volume", "COUNT(*)", None),
    ],
)
def test_a_known_expression_becomes_the_field_that_it_reads(
    slug: str, expression: str, field: str | None
) -> None:
    _, settings = imported({"kpi_mappings": {slug: {"calculation": expression}}})
    assert settings.kpi_mappings[slug].field == field


@pytest.mark.parametrize(
    "filters",
    [
        "WHERE opened_at >= CURRENT_DATE - 60",
        "opened_at >= CURRENT_DATE - INTERVAL '60 days'",
        "where incident.opened_at > current_date - 60",
    ],
)
def test_a_filter_by_time_becomes_the_window(filters: str) -> None:
    _, settings = imported({"kpi_mappings": {"support_ticket_volume": {"filters": filters}}})
    assert settings.kpi_mappings.support_ticket_volume.window_days == 60
