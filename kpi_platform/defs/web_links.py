"""Links from assets and their partitions to the page of the web app that shows what they hold."""

from collections.abc import Sequence

import dagster as dg

from kpi_platform.configuration import Configuration
from kpi_platform.domain.sources import SOURCES

LINK = "web app"
"""Name of the metadata with the link."""


def with_links(
    configuration: Configuration, assets: Sequence[dg.AssetsDefinition]
) -> Sequence[dg.AssetsDefinition]:
    """Returns the assets, each with a link to its page, for the customer that is chosen there."""

    def linked(spec: dg.AssetSpec) -> dg.AssetSpec:
        url = f"{configuration.web_url}/{page_of(spec.key)}"
        return spec.merge_attributes(metadata={LINK: dg.MetadataValue.url(url)})

    return list(dg.map_asset_specs(linked, assets))


def link(configuration: Configuration, key: dg.AssetKey, customer: str) -> dict[str, dg.MetadataValue]:
    """Returns the metadata of a partition with the link to the customer's page."""
    return {LINK: dg.MetadataValue.url(configuration.page(page_of(key), customer))}


def page_of(key: dg.AssetKey) -> str:
    """Returns the name of the page that shows what the asset holds."""
    if key.path[0] in SOURCES:
        return "status"
    return {"account_matches": "matches", "dashboard_load": "uploads"}.get(key.path[-1], "accounts")
