"""Differences between the sources are in their descriptions, and in their own folders of dbt's."""

import pytest

from kpi_platform.domain.record_links import RecordLinks, record_links
from kpi_platform.domain.settings import parse_settings
from kpi_platform.domain.sources import SOURCE_SYSTEMS, SOURCE_TABLES, SOURCES


@pytest.mark.parametrize("source", SOURCES)
def test_every_table_of_a_source_has_the_source_s_key(source: str) -> None:
    tables = SOURCE_TABLES[source]  # type: ignore[index]
    assert {table.primary_key for table in tables} == {SOURCE_SYSTEMS[source].key}  # type: ignore[index]


def test_a_record_has_an_address_where_the_settings_name_the_instance() -> None:
    settings = parse_settings(
        {
            "salesforce": {"instance_url": "https://acme.my.salesforce.com/", "api_version": "v59.0"},
            "servicenow": {"instance_url": "https://acme.service-now.com"},
        }
    )
    assert record_links(settings, "salesforce.case", "5/0") == RecordLinks(
        page="https://acme.my.salesforce.com/lightning/r/Case/5%2F0/view",
        api="https://acme.my.salesforce.com/services/data/v59.0/sobjects/Case/5%2F0",
    )
    assert record_links(settings, "servicenow.incident", "ab") == RecordLinks(
        page="https://acme.service-now.com/incident.do?sys_id=ab",
        api="https://acme.service-now.com/api/now/table/incident/ab",
    )
    nothing = RecordLinks(None, None)
    assert record_links(parse_settings({}), "salesforce.case", "5") == nothing
    assert record_links(settings, "other.case", "5") == nothing
