"""Some of a KPI's tables and columns must have landed."""

from collections.abc import Mapping

import pytest

from kpi_platform.domain.kpi_gaps import Landed, incident_gap, kpi_gap, row_gap
from kpi_platform.domain.kpis import KPIS
from kpi_platform.domain.landed import LandedColumn, LandedTable, column_key, landed_name
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import Source

_SETTINGS = CustomerSettings()
_SALESFORCE = {
    "account": "id name type nps_score_c adoption_score_c executive_engagement_c",
    "case": "id account_id created_date satisfaction_rating_c",
    "contact": "id account_id title",
    "task": "id who_id is_closed completed_date_time",
    "opportunity": "id account_id amount is_won close_date type",
}
_SERVICENOW = {
    "incident": "sys_id opened_at resolved_at u_first_responded_at u_satisfaction_rating "
    "u_customer_account_id",
}


def landed(source: Source, tables: Mapping[str, str]) -> Landed:
    fields = _SETTINGS.source(source).fields
    return Landed(
        {
            name: LandedTable(
                "available",
                "raw",
                name,
                {column_key(column): LandedColumn(column, "varchar") for column in columns.split()},
            )
            for name, columns in tables.items()
        },
        {field: _SETTINGS.mapped_field(source, field) for field in fields},
    )


def both(salesforce: Mapping[str, str], servicenow: Mapping[str, str]) -> dict[Source, Landed]:
    return {"salesforce": landed("salesforce", salesforce), "servicenow": landed("servicenow", servicenow)}


def without(tables: Mapping[str, str], column: str) -> dict[str, str]:
    table, _, name = column.partition(".")
    return {**tables, table: " ".join(each for each in tables[table].split() if each != name)}


def gap(kpi: str, sources: Mapping[Source, Landed]) -> str | None:
    return kpi_gap(KPIS[kpi].source, KPIS[kpi].needs, sources)


def complete(source: Source, tables: Mapping[str, str]) -> dict[str, str]:
    """The tables, with the first alternative of every column that a KPI needs."""
    fields, whole = _SETTINGS.source(source).fields, dict(tables)
    for kpi in KPIS.values():
        for group in kpi.needs.columns if kpi.source == source else ():
            table, _, name = group[0].partition(".")
            whole[table] = f"{whole.get(table, 'id')} {landed_name(fields.get(name, name))}"
    return whole


def test_nothing_is_missing_where_everything_landed() -> None:
    everything = both(complete("salesforce", _SALESFORCE), complete("servicenow", _SERVICENOW))
    assert {gap(kpi, everything) for kpi in KPIS} == {None}


def test_without_a_source_all_its_kpis_are_not_synced() -> None:
    for source, sources in (("salesforce", both({}, _SERVICENOW)), ("servicenow", both(_SALESFORCE, {}))):
        assert {gap(slug, sources) for slug, kpi in KPIS.items() if kpi.source == source} == {"not_synced"}


@pytest.mark.parametrize(
    ("kpi", "table"), [(slug, table) for slug, kpi in KPIS.items() for table in kpi.needs.tables]
)
def test_a_kpi_is_not_synced_without_a_table_that_it_needs(kpi: str, table: str) -> None:
    tables = both(
        {name: columns for name, columns in _SALESFORCE.items() if name != table},
        {name: columns for name, columns in _SERVICENOW.items() if name != table},
    )
    assert gap(kpi, tables) == "not_synced"


@pytest.mark.parametrize(
    ("kpi", "group"), [(slug, group) for slug, kpi in KPIS.items() for group in kpi.needs.columns]
)
def test_a_kpi_is_not_mapped_without_any_of_the_columns_that_are_alternatives(
    kpi: str, group: tuple[str, ...]
) -> None:
    source = KPIS[kpi].source
    tables = {"salesforce": _SALESFORCE, "servicenow": _SERVICENOW}
    fields = landed(source, {}).fields
    for each in group:
        table, _, name = each.partition(".")
        if table in tables[source]:
            column = landed_name(fields[name]) if name in fields else name
            tables[source] = without(tables[source], f"{table}.{column}")
    assert gap(kpi, both(tables["salesforce"], tables["servicenow"])) == "not_mapped"


def test_a_switched_off_table_is_not_there() -> None:
    off = Landed({"account": LandedTable("switched_off")}, {})
    assert kpi_gap("salesforce", KPIS["nps"].needs, {"salesforce": off, "servicenow": off}) == "not_synced"


def test_a_class_table_holds_what_the_incident_has_not() -> None:
    classes = {
        "incident": "sys_id company_value",
        "task": "sys_id opened_at closed_at u_satisfaction_rating u_customer_account_id_value",
    }
    found = both(_SALESFORCE, classes)
    for kpi in ("support_ticket_volume", "sla_compliance", "resolution_time", "support_satisfaction"):
        assert gap(kpi, found) is None, kpi
    assert gap("first_response_time", found) == "not_mapped"


def test_incidents_without_a_time_wait_for_the_class_table() -> None:
    alone = {"incident": "sys_id u_customer_account_id"}
    assert incident_gap(both(_SALESFORCE, alone)) == "not_synced"
    assert incident_gap(both(_SALESFORCE, {**alone, "task": "sys_id"})) == "not_mapped"


def test_incidents_need_a_field_or_a_company_that_links_them_to_accounts() -> None:
    companies = {"incident": "sys_id opened_at company_value", "core_company": "sys_id name"}
    assert incident_gap(both(_SALESFORCE, companies)) is None
    assert incident_gap(both(without(_SALESFORCE, "account.name"), companies)) == "not_mapped"
    assert incident_gap(both(_SALESFORCE, without(companies, "core_company.name"))) == "not_mapped"


def test_rows_of_a_custom_kpi_name_an_account_or_a_contact_of_one() -> None:
    sources = both({**_SALESFORCE, "event": "id subject"}, _SERVICENOW)
    gaps = {
        table: row_gap("salesforce", table, sources) for table in ("account", "case", "task", "event", "lead")
    }
    assert gaps == {"account": None, "case": None, "task": None, "event": "not_mapped", "lead": "not_synced"}
    assert row_gap("servicenow", "incident", sources) is None
