"""Addresses of source records in Salesforce and ServiceNow."""

from dataclasses import dataclass
from urllib.parse import quote

from kpi_platform.domain.settings import CustomerSettings


@dataclass(frozen=True, slots=True)
class RecordLinks:
    """`page` is for people, `api` for programs. None where the settings name no instance."""

    page: str | None
    api: str | None


def record_links(settings: CustomerSettings, table: str, record_id: str) -> RecordLinks:
    """Where the record of `table` (`salesforce.case`, `servicenow.incident`, …) is found."""
    source, _, name = table.partition(".")
    record = quote(record_id, safe="")
    if source == "salesforce" and (instance := settings.salesforce.instance_url):
        version, sobject = settings.salesforce.api_version, name.capitalize()
        base = instance.rstrip("/")
        return RecordLinks(
            page=f"{base}/lightning/r/{sobject}/{record}/view",
            api=f"{base}/services/data/{version}/sobjects/{sobject}/{record}",
        )
    if source == "servicenow" and (instance := settings.servicenow.instance_url):
        base = instance.rstrip("/")
        return RecordLinks(
            page=f"{base}/{name}.do?sys_id={record}", api=f"{base}/api/now/table/{name}/{record}"
        )
    return RecordLinks(None, None)
