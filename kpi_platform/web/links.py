"""Addresses in Dagster's UI and in the sources."""

import re
from urllib.parse import quote

from kpi_platform.configuration import Configuration
from kpi_platform.domain.record_links import record_links
from kpi_platform.domain.settings import CustomerSettings

DEFAULT_DAGSTER_URL = "http://127.0.0.1:3000"
_SALESFORCE_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")


def dagster_url(configuration: Configuration) -> str:
    """Where Dagster's UI is reached, without a slash at the end."""
    return (configuration.get("KPI_DAGSTER_URL") or DEFAULT_DAGSTER_URL).rstrip("/")


def run_url(configuration: Configuration, run_id: str | None) -> str | None:
    """The page of a run."""
    return f"{dagster_url(configuration)}/runs/{quote(run_id, safe='')}" if run_id else None


def source_page(settings: CustomerSettings, source_account_id: str) -> str | None:
    """The page of a source account in Salesforce; None for ids that are not Salesforce's, and where the
    settings name no instance."""
    if not _SALESFORCE_ID.fullmatch(source_account_id):
        return None
    return record_links(settings, "salesforce.account", source_account_id).page
