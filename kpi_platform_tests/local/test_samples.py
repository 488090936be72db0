"""The sample sources: deterministic, true to the log, and the same whole as in pieces."""

import string
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi_platform.local.samples import SAMPLE_CUSTOMERS, dashboard_accounts
from kpi_platform.local.samples.incident_log import LENGTH, incident_log
from kpi_platform.local.samples.profiles import PROFILES, profile_of
from kpi_platform.local.samples.salesforce import SalesforceSample
from kpi_platform.local.samples.servicenow import ServiceNowSample
from kpi_platform.local.samples.source import DAY, Source, Window, instant

INSTALLED = datetime(2026, 3, 2, tzinfo=UTC)
SMALL = {"accounts": 8, "history_days": 60}


def _source(customer: str, kind: type[SalesforceSample] | type[ServiceNowSample], **sample: int) -> Source:
    return kind(profile_of({"customer": customer} | sample, ""), instant(INSTALLED))


_SOURCES: list[Source] = [
    _source(customer, kind, **SMALL) for customer in PROFILES for kind in (SalesforceSample, ServiceNowSample)
]
_TABLES = [(number, table) for number, source in enumerate(_SOURCES) for table in source.tables]
_hours = st.integers(min_value=-30 * 24, max_value=400 * 24)


def _without(rows: pa.Table, key: str, keys: pa.Array) -> pa.Table:
    return rows.filter(pc.invert(pc.is_in(rows[key], keys)))


@pytest.mark.parametrize(("number", "table"), _TABLES)
@given(first=_hours, second=_hours)
@settings(max_examples=4, deadline=None)
def test_pieces_add_up_to_the_whole(number: int, table: str, first: int, second: int) -> None:
    source = _SOURCES[number]
    key = source.tables[table]
    start, end = (INSTALLED + timedelta(hours=hours) for hours in sorted((first, second)))
    landed = source.changes(table, Window.between(None, start)).rows
    later = source.changes(table, Window.between(start, end))
    landed = _without(landed, key, later.rows[key].combine_chunks())
    landed = _without(landed, key, pa.array(later.deleted, pa.string()))
    whole = source.changes(table, Window.between(None, end)).rows
    assert pa.concat_tables([landed, later.rows]).sort_by(key).equals(whole.sort_by(key))


@pytest.mark.parametrize(("number", "table"), _TABLES)
def test_a_key_is_there_once_and_types_do_not_depend_on_the_rows(number: int, table: str) -> None:
    source = _SOURCES[number]
    until = INSTALLED + timedelta(days=800)
    whole = source.changes(table, Window.between(None, until)).rows
    empty = source.changes(table, Window.between(until, until)).rows
    keys = whole[source.tables[table]].to_pylist()
    assert len(set(keys)) == len(keys) > 0
    assert whole.schema == empty.schema and len(empty) == 0
    assert not any(pa.types.is_null(column.type) for column in whole.schema)


@pytest.mark.parametrize("customer", list(PROFILES))
def test_salesforce_ids_carry_the_right_check_characters(customer: str) -> None:
    source = _source(customer, SalesforceSample, **SMALL)
    alphabet = string.ascii_uppercase + "012345"
    for table in source.tables:
        for value in source.changes(table, Window.between(None, INSTALLED)).rows["Id"].to_pylist():
            chunks = (value[start : start + 5] for start in (0, 5, 10))
            sums = (sum(1 << n for n, c in enumerate(chunk) if c.isupper()) for chunk in chunks)
            assert value[15:] == "".join(alphabet[number] for number in sums)


def test_contracts_follow_from_won_deals_in_three_currencies_that_have_rates() -> None:
    source = _source("northwind", SalesforceSample)
    until = INSTALLED + timedelta(days=100)

    def rows(table: str) -> list[dict[str, object]]:
        return source.changes(table, Window.between(None, until)).rows.to_pylist()

    deals = {one["Id"]: one for one in rows("Opportunity")}
    named = {one["ContractId"] for one in deals.values() if one["ContractId"]}
    assert {one["Id"] for one in rows("Contract")} <= named
    assert all(one["IsWon"] for one in deals.values() if one["ContractId"])
    rated = {one["IsoCode"] for one in rows("CurrencyType")}
    assert {one["CurrencyIsoCode"] for one in deals.values()} == rated
    assert {one["IsoCode"] for one in rows("DatedConversionRate")} < rated
    prices: dict[object, float] = {}
    for item in rows("OpportunityLineItem"):
        prices[item["OpportunityId"]] = prices.get(item["OpportunityId"], 0.0) + float(
            str(item["TotalPrice"])
        )
    for deal, price in prices.items():
        if deals[deal]["Amount"] is not None:
            assert price == pytest.approx(deals[deal]["Amount"])


def test_activities_point_at_accounts_and_contacts_that_are_there() -> None:
    source = _source("northwind", SalesforceSample, **SMALL)
    window = Window.between(None, INSTALLED)
    accounts = set(source.changes("Account", window).rows["Id"].to_pylist())
    contacts = set(source.changes("Contact", window).rows["Id"].to_pylist())
    for table in ("Opportunity", "Task", "Event", "Case", "Contact"):
        rows = source.changes(table, window).rows
        assert set(rows["AccountId"].to_pylist()) <= accounts
        if "WhoId" in rows.column_names:
            people = {who for who in rows["WhoId"].to_pylist() if who and who.startswith("003")}
            assert people and people <= contacts


def test_tickets_are_the_logs_shifted_by_whole_days(shared: Path) -> None:
    with (
        ZipFile(shared / "data/servicenow_incidents/incident_event_log.csv.zip") as archive,
        archive.open(archive.namelist()[0]) as member,
    ):
        counts = ["reopen_count", "reassignment_count"]
        columns = ["number", "opened_at", "resolved_at", "made_sla", "priority", *counts]
        events = pd.read_csv(member, dtype=str, usecols=columns)
    log = events.drop_duplicates("number", keep="last").set_index("number").to_dict("index")
    shift = INSTALLED.date() - date(2016, 5, 15)
    source = _source("initech", ServiceNowSample, accounts=12)
    end = INSTALLED + timedelta(days=280)
    rows = source.changes("incident", Window.between(None, end)).rows.to_pylist()
    assert len(rows) > 2000
    for row in rows:
        final = log[row["number"]]
        opened = datetime.strptime(final["opened_at"], "%d/%m/%Y %H:%M").replace(tzinfo=UTC)
        assert row["opened_at"] == opened + shift
        if row["closed_at"] is not None:
            assert str(row["made_sla"]).lower() == final["made_sla"]
            assert str(row["reopen_count"]) == final["reopen_count"]
            assert str(row["reassignment_count"]) == final["reassignment_count"]
            assert str(row["priority"]) == final["priority"][0]
            assert (row["resolved_at"] is None) == (final["resolved_at"] == "?")


def test_generated_due_times_agree_with_made_sla() -> None:
    source = _source("initech", ServiceNowSample, accounts=12)
    rows = source.changes("incident", Window.between(None, INSTALLED)).rows.to_pylist()
    closed = [row for row in rows if row["closed_at"]]
    assert closed
    for row in closed:
        ended = row["resolved_at"] or row["closed_at"]
        assert (ended <= row["sla_due"]) == row["made_sla"]


def test_after_its_end_the_log_repeats_with_new_ids() -> None:
    source = _source("umbra", ServiceNowSample, accounts=8)
    end = INSTALLED + timedelta(days=LENGTH // DAY)
    first = source.changes("incident", Window.between(None, INSTALLED)).rows.to_pylist()
    again = source.changes("incident", Window.between(None, end)).rows.to_pylist()
    repeated = {row["number"]: row for row in again}
    assert len({row["sys_id"] for row in again}) == len(again)
    for row in first:
        number = f"INC{int(row['number'][3:]) + 1_000_000:07d}"
        assert repeated[number]["opened_at"] == row["opened_at"] + timedelta(days=LENGTH // DAY)
        assert repeated[number]["sys_id"] != row["sys_id"]


def test_every_incident_of_the_log_is_packed_with_its_events() -> None:
    log = incident_log()
    assert len(log.finals["incident_number"]) == 24_918
    assert len(log.events["at"]) == log.offsets[-1] == 141_712


@pytest.mark.parametrize("customer", [customer.key for customer in SAMPLE_CUSTOMERS])
def test_about_one_account_in_ten_has_another_name_in_the_dashboard(customer: str) -> None:
    source = _source(customer, SalesforceSample)
    rows = source.changes("Account", Window.between(None, INSTALLED)).rows.to_pylist()
    in_salesforce = {row["Name"] for row in rows}
    known = dashboard_accounts(customer)
    assert known == dashboard_accounts(customer)
    assert len({account.name for account in known}) == len(known)
    renamed = [account for account in known if account.name not in in_salesforce]
    assert 0.04 <= len(renamed) / len(known) <= 0.25


def test_the_settings_name_the_connections_and_fields_that_are_there() -> None:
    for customer in SAMPLE_CUSTOMERS:
        source = _source(customer.key, SalesforceSample)
        account = source.changes("Account", Window.between(None, INSTALLED)).rows
        fields = customer.settings["salesforce"].get("custom_fields", {"nps_score": "NPS_Score__c"})
        assert set(fields.values()) <= set(account.column_names)
        assert customer.settings["servicenow"]["connection_id"] == f"{customer.key}_servicenow"
