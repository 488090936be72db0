"""Differences between the sources are in their descriptions, and in their own folders of dbt's."""

import re
from pathlib import Path

import pytest

import kpi_platform
from kpi_platform.domain.record_links import RecordLinks, record_links
from kpi_platform.domain.settings import parse_settings
from kpi_platform.domain.sources import SOURCE_SYSTEMS, SOURCE_TABLES, SOURCES

_ROOT = Path(kpi_platform.__file__).parents[1]
_NAMES = rf" ?\(?['\"]({'|'.join(SOURCES)})['\"]"
_COMPARED = {".py": re.compile(r"(==|!=|\bin\b)" + _NAMES), ".sql": re.compile(r"(=|<>|\bin\b)" + _NAMES)}
_OTHERS = {
    "kpi_platform/pipeline/onboarding.py",  # how a connection of each is set up
    "kpi_platform/web/routes/pages_settings.py",  # a section of settings by its name
    "kpi_platform/local/samples/profiles.py",  # the sample customers have both
    "dbt/models/intermediate/results/int_kpi_result.sql",  # KPIs of accounts that Salesforce does not know
    "dbt/models/intermediate/custom/int_custom_result.sql",  # likewise, and of those never seen in ServiceNow
}


def test_a_source_is_compared_by_its_name_in_its_own_place_alone() -> None:
    files = [*_ROOT.glob("kpi_platform/**/*.py"), *_ROOT.glob("dbt/m*/**/*.sql")]
    found = {file.relative_to(_ROOT).as_posix() for file in files if _compares(file)}
    assert found == _OTHERS


def _compares(file: Path) -> bool:
    of_a_source = file.suffix == ".sql" and file.parent.name in SOURCES
    return not of_a_source and bool(_COMPARED[file.suffix].search(file.read_text(encoding="utf-8")))


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
