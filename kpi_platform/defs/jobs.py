"""The jobs: sync, refresh, and both in one run."""

import dagster as dg

from kpi_platform.defs.batch import OWN_EVENTS
from kpi_platform.defs.dagster_insides import keep_scripts, rest_between_looks
from kpi_platform.domain.sources import SOURCES

SYNCS = dg.AssetSelection.groups(*SOURCES).without_checks()
FRESHNESS_CHECKS = dg.AssetSelection.groups(*SOURCES) - SYNCS
KPIS = dg.AssetSelection.groups("kpis", "dashboard")

SYNC = dg.define_asset_job(
    "sync",
    selection=SYNCS,
    description="Sync customers' connections; the refresh follows by itself.",
    tags=OWN_EVENTS,
)
REFRESH = dg.define_asset_job(
    "refresh",
    selection=KPIS,
    description="Compute the KPIs of customers from what the destination holds, match accounts, load.",
    tags=OWN_EVENTS,
)
SYNC_AND_REFRESH = dg.define_asset_job(
    "sync_and_refresh",
    selection=SYNCS | KPIS,
    description="The whole way for some customers in one run.",
    tags=OWN_EVENTS,
)
FRESHNESS = dg.define_asset_job(
    "freshness",
    selection=FRESHNESS_CHECKS,
    description="Names the customers whose sources have not synced for longer than their settings allow.",
)
JOBS = [SYNC, REFRESH, SYNC_AND_REFRESH, FRESHNESS]

# A step that has lost some customers fails, and the next goes on with the others: it waits for the outputs of
# the step before, not for its success. In one process, because DuckDB lets one process write, and because a
# further process costs seconds.
EXECUTOR = dg.in_process_executor.configured(
    {"step_dependency_config": {"require_upstream_step_success": False}}
)
rest_between_looks()
keep_scripts()
