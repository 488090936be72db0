import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.domain.batch import (
    Catalogue,
    CustomerPlan,
    batch_vars,
    landed_tables,
    plan_customer,
)
from kpi_platform.domain.errors import NotFound
from kpi_platform.domain.kpis import KPIS
from kpi_platform.domain.settings import CustomerSettings, parse_settings
from kpi_platform.domain.sync_ends import SyncEnds

AS_OF = datetime(2026, 11, 24, 6, tzinfo=UTC)
CATALOGUE: Catalogue = {
    "salesforce_crm": {"Account": {"Id": "varchar", "NPS_Score__c": "double"}, "case": {"id": "varchar"}},
    "servicenow_itsm": {"incident": {"sys_id": "varchar", "u_customer_account_id_value": "varchar"}},
}


def hours(number: float) -> datetime:
    return AS_OF - timedelta(hours=number)


def test_data_is_stale_after_twice_the_sync_frequency() -> None:
    every_hour = timedelta(hours=1)
    assert not SyncEnds(succeeded_at=hours(2)).is_stale(every_hour, AS_OF)
    assert SyncEnds(succeeded_at=hours(2.001)).is_stale(every_hour, AS_OF)


def test_data_is_stale_when_the_last_sync_failed() -> None:
    day = timedelta(days=1)
    assert SyncEnds(succeeded_at=hours(2), failed_at=hours(1)).is_stale(day, AS_OF)
    assert not SyncEnds(succeeded_at=hours(1), failed_at=hours(2)).is_stale(day, AS_OF)
    assert SyncEnds(failed_at=hours(1)).is_stale(day, AS_OF)


def test_nothing_is_stale_where_nothing_is_recorded() -> None:
    assert not SyncEnds().is_stale(timedelta(minutes=1), AS_OF)


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=900)), st.integers(-90, 90))
def test_a_success_after_as_of_holds_everything_before_it(later: timedelta, failed_days: int) -> None:
    state = SyncEnds(AS_OF + later, AS_OF + later + timedelta(days=failed_days))
    assert not state.is_stale(timedelta(minutes=1), AS_OF)


def test_the_var_has_every_table_of_both_sources() -> None:
    settings = parse_settings({"salesforce": {"sync_objects": {"cases": False}}})
    plan = plan_customer("acme", settings, landed_tables("acme", settings, CATALOGUE), {}, AS_OF)
    tables = plan.sources["salesforce"]["tables"]
    assert {name: table["status"] for name, table in tables.items()} == {
        "account": "available", "opportunity": "absent", "contact": "absent", "case": "switched_off",
        "task": "absent", "user": "absent", "event": "absent", "task_relation": "absent",
        "event_relation": "absent", "currency_type": "absent", "dated_conversion_rate": "absent",
        "opportunity_line_item": "absent", "product_2": "absent", "contract": "absent", "asset": "absent",
        "asset_state_period": "absent",
    }  # fmt: skip
    assert tables["account"]["identifier"] == "Account"
    assert tables["account"]["columns"]["npsscorec"] == {"name": "NPS_Score__c", "type": "double"}
    assert len(plan.sources["servicenow"]["tables"]) == 10
    var = batch_vars([plan], AS_OF)
    assert json.loads(json.dumps(var)) == var


def test_the_field_of_a_kpi_mapping_wins_over_the_custom_field() -> None:
    settings = parse_settings({"kpi_mappings": {"nps": {"field": "account.Net_Promoter__c"}}})
    plan = plan_customer("acme", settings, landed_tables("acme", settings, CATALOGUE), {}, AS_OF)
    assert plan.sources["salesforce"]["fields"]["nps_score"] == "Net_Promoter__c"


def test_staleness_is_judged_by_the_frequency_of_each_source() -> None:
    settings = parse_settings({"fivetran": {"sync_frequency_minutes": 1440}})
    states = {"salesforce": SyncEnds(hours(10)), "servicenow": SyncEnds(hours(10))}
    plan = plan_customer("acme", settings, landed_tables("acme", settings, CATALOGUE), states, AS_OF)  # type: ignore[arg-type]
    assert {(each.source, each.is_stale) for each in plan.kpi_settings} == {
        ("salesforce", False), ("servicenow", True),
    }  # fmt: skip


def test_a_disabled_source_is_not_looked_for() -> None:
    settings = parse_settings({"servicenow": {"enabled": False}})
    tables = landed_tables("acme", settings, {"salesforce_crm": CATALOGUE["salesforce_crm"]})
    plan = plan_customer("acme", settings, tables, {}, AS_OF)
    assert plan.sources["servicenow"]["enabled"] is False
    assert {table["status"] for table in plan.sources["servicenow"]["tables"].values()} == {"absent"}


@pytest.mark.parametrize("schema", [{}, {"servicenow_itsm": {"unrelated": {"id": "varchar"}}}])
def test_an_enabled_source_without_any_of_its_tables_is_named_with_the_next_step(schema: Catalogue) -> None:
    with pytest.raises(NotFound) as caught:
        landed_tables("acme", CustomerSettings(), {"salesforce_crm": CATALOGUE["salesforce_crm"], **schema})
    assert "acme" in caught.value.message
    assert "servicenow_itsm" in caught.value.message
    assert "servicenow.enabled" in caught.value.next_step


def test_a_source_whose_tables_are_all_switched_off_is_not_synced_and_fails_nobody() -> None:
    settings = parse_settings({"servicenow": {"sync_tables": {"incidents": False}}})
    plan = plan_customer("acme", settings, landed_tables("acme", settings, CATALOGUE), {}, AS_OF)
    assert {one.gap for one in plan.kpi_settings if one.source == "servicenow"} == {"not_synced"}


def test_customers_with_equal_settings_and_gaps_share_their_rows() -> None:
    def plan(name: str, document: dict[str, object]) -> CustomerPlan:
        settings = parse_settings(document)
        return plan_customer(name, settings, landed_tables(name, settings, CATALOGUE), {}, AS_OF)

    types = {"types": {"renewal": ["Renewal", "Prolongation"]}}
    other = {"kpi_mappings": {"csat": {"window_days": 30}, "net_revenue_retention": types}}
    plans = [plan("acme", {}), plan("globex", {}), plan("initech", other)]
    var = batch_vars(plans, AS_OF)
    numbers = [(one["facts"]["kpi_profile"], one["facts"]["type_list"]) for one in var["customers"]]
    assert numbers == [(0, 0), (0, 0), (1, 1)]
    assert [row["kpi"] for row in var["kpi_settings"]] == [*KPIS, *KPIS]
    assert {row["window_start"] for row in var["kpi_settings"] if row["kpi"] == "csat"} == {
        "2026-08-26 06:00:00.000000", "2026-10-25 06:00:00.000000",
    }  # fmt: skip
    assert len({(row["type_list"], row["opportunity_type"]) for row in var["recurring_types"]}) == len(
        var["recurring_types"]
    )


def test_the_range_and_scale_of_a_kpi_are_those_of_the_catalogue() -> None:
    settings = CustomerSettings()
    plan = plan_customer("acme", settings, landed_tables("acme", settings, CATALOGUE), {}, AS_OF)
    assert {one.kpi: (one.minimum, one.maximum, one.scale) for one in plan.kpi_settings} == {
        slug: (kpi.minimum, kpi.maximum, kpi.scale) for slug, kpi in KPIS.items()
    }


def test_a_kpi_that_is_switched_off_is_disabled_whatever_landed() -> None:
    settings = parse_settings({"kpi_mappings": {"nps": {"enabled": False}, "csat": {"enabled": False}}})
    plan = plan_customer("acme", settings, landed_tables("acme", settings, CATALOGUE), {}, AS_OF)
    gaps = {one.kpi: one.gap for one in plan.kpi_settings}
    assert (gaps["nps"], gaps["csat"], gaps["adoption_index"]) == ("disabled", "disabled", "not_mapped")


def test_the_facts_of_a_customer_say_which_optional_tables_and_columns_landed() -> None:
    catalogue: Catalogue = {
        "salesforce_crm": {"account": dict.fromkeys(("id", "type", "executive_engagement_c"), "varchar")},
        "servicenow_itsm": {
            "incident": dict.fromkeys(("sys_id", "reopen_count"), "varchar"),
            "task": dict.fromkeys(("sys_id", "escalation", "business_stc"), "varchar"),
            "contract_sla": dict.fromkeys(("sys_id", "target"), "varchar"),
        },
    }
    settings = parse_settings({"servicenow": {"time_basis": "business"}})
    plan = plan_customer("acme", settings, landed_tables("acme", settings, catalogue), {}, AS_OF)
    there = {name for name, found in asdict(plan.facts).items() if name.startswith("has_") and found}
    assert there == {
        "has_account_type", "has_engagement_field", "has_contract_sla", "has_contract_target",
        "has_escalation", "has_reopening", "has_business_time",
    }  # fmt: skip


def test_the_settings_of_a_customer_are_columns_of_its_row() -> None:
    document = {"revenue": {"currency": "EUR", "fx": "dated"}, "servicenow": {"reopened": "as_resolved"}}
    settings = parse_settings(document)
    [customer] = batch_vars([plan_customer("acme", settings, {}, {}, AS_OF)], AS_OF)["customers"]
    assert customer["facts"]["customer_id"] == "acme"
    assert (customer["facts"]["target_currency"], customer["facts"]["uses_dated_rates"]) == ("EUR", True)
    assert customer["facts"]["reopened"] == "as_resolved"
