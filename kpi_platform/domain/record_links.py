"""Addresses of records and accounts in the sources."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import SOURCE_SYSTEMS, SOURCES, Source


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
    # A landed table is named asset_state_period, its object AssetStatePeriod.
    object_name = "".join(word.capitalize() for word in landed.split("_"))
    parts = _parts(settings, source, instance, record_id) | {"table": landed, "object": object_name}
    system = SOURCE_SYSTEMS[source]
    return RecordLinks(system.page.format(**parts), system.api.format(**parts))


def account_pages(settings: CustomerSettings, account_id: str) -> dict[Source, str]:
    """Returns the pages of the account in each source whose ids are like this one, and whose instance the
    settings name."""
    pages: dict[Source, str] = {}
    for source, system in SOURCE_SYSTEMS.items():
        instance = settings.source(source).instance_url
        if instance and re.fullmatch(system.account_id, account_id):
            pages[source] = system.account_page.format(**_parts(settings, source, instance, account_id))
    return pages


def account_page(settings: CustomerSettings, account_id: str) -> str | None:
    """Returns the page of the account in the source that lists the accounts; None as in `account_pages`."""
    pages = account_pages(settings, account_id)
    return next((page for source, page in pages.items() if SOURCE_SYSTEMS[source].lists_accounts), None)


def _parts(settings: CustomerSettings, source: Source, instance: str, record_id: str) -> dict[str, Any]:
    section = settings.source(source)
    return {
        **section.fields,
        "instance": instance.rstrip("/"),
        "version": getattr(section, "api_version", None),
        "record": quote(record_id, safe=""),
    }
