"""Addresses in the sources."""

import re

from kpi_platform.domain.record_links import record_links
from kpi_platform.domain.settings import CustomerSettings

_SALESFORCE_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")


def source_page(settings: CustomerSettings, source_account_id: str) -> str | None:
    """Returns the page of a source account in Salesforce; None for ids that are not Salesforce's, and if the
    settings name no instance."""
    if not _SALESFORCE_ID.fullmatch(source_account_id):
        return None
    return record_links(settings, "salesforce.account", source_account_id).page
