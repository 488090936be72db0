"""Addresses of source records in Salesforce and ServiceNow."""

from dataclasses import dataclass
from urllib.parse import quote

from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import SOURCE_SYSTEMS, SOURCES


@dataclass(frozen=True, slots=True)
class RecordLinks:
    """`page` is for people, `api` for programs. None if the settings name no instance."""

    page: str | None
    api: str | None


def record_links(settings: CustomerSettings, table: str, record_id: str) -> RecordLinks:
    """Returns the address of the record of `table` (`salesforce.case`, `servicenow.incident`, …)."""
    name, _, landed = table.partition(".")
    source = next((source for source in SOURCES if source == name), None)
    if source is None or not (instance := settings.source(source).instance_url):
        return RecordLinks(None, None)
    parts = {
        "instance": instance.rstrip("/"),
        "version": getattr(settings.source(source), "api_version", None),
        "table": landed,
        "object": landed.capitalize(),
        "record": quote(record_id, safe=""),
    }
    system = SOURCE_SYSTEMS[source]
    return RecordLinks(system.page.format(**parts), system.api.format(**parts))
