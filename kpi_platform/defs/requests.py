"""Sync requests that the web app leaves: what a run that serves one is to do, and how far it is."""

from typing import TYPE_CHECKING, Any, Literal

import dagster as dg

from kpi_platform.dashboard.sync_requests import (
    State,
    SyncRequest,
    advance_sync_request,
    finish_sync_request,
    sync_request,
)
from kpi_platform.defs.resources import Platform

if TYPE_CHECKING:
    from kpi_platform.pipeline.load import LoadReport

REQUEST_TAG = "kpi/request"
"""Run tag: the id of the sync request that the run serves."""

TRIGGER_TAG = "kpi/trigger"
"""Run tag: `sync` if a sync that has ended started the run, `release` if a person released what it loads."""


def request_of(context: dg.AssetExecutionContext, platform: Platform) -> SyncRequest | None:
    """Returns the request that the running run serves; None for most."""
    request_id = context.run.tags.get(REQUEST_TAG)
    if request_id is None:
        return None
    with platform.engine.begin() as database:
        return sync_request(database, request_id)


def note_progress(
    context: dg.AssetExecutionContext,
    platform: Platform,
    state: State,
    progress: dict[str, Any] | None = None,
) -> None:
    """Records for those who wait for the run's request that the run has come to `state`."""
    request_id = context.run.tags.get(REQUEST_TAG)
    if request_id is not None:
        with platform.engine.begin() as database:
            advance_sync_request(database, request_id, state, progress=progress, run_id=context.run.run_id)


def build_wishes(request: SyncRequest | None) -> dict[str, Any]:
    """Returns the overrides of `kpi_mappings` that the request asks for, by customer."""
    return {request.customer: request.sync_config.get("kpi_mapping") or {}} if request else {}


def match_wishes(request: SyncRequest | None) -> dict[str, Any]:
    """Returns the arguments of the matching that the request asks for."""
    if request is None:
        return {}
    return {"mode": request.sync_config.get("account_mapping") or "auto", "store": not request.dry_run}


def load_wishes(request: SyncRequest | None) -> dict[str, Any]:
    """Returns the arguments of the load that the request asks for."""
    if request is None:
        return {}
    return {
        "dry_run": request.dry_run,
        "update_mode": request.sync_config.get("update_mode"),
        "data_source": request.data_source,
        "mapping_overrides": request.sync_config.get("kpi_mapping"),
        "uploaded_by": request.requested_by,
    }


def finish(
    platform: Platform,
    request_id: str,
    state: Literal["done", "failed"],
    results: dict[str, Any],
    run_id: str,
) -> None:
    """Ends the request; one that has ended stays as it is."""
    with platform.engine.begin() as database:
        finish_sync_request(database, request_id, state, results=results, run_id=run_id)


def load_results(report: "LoadReport") -> dict[str, Any]:
    """Returns a load's outcome as the API shows it."""
    return {
        **report.counts,
        "kpis_synced": report.kpis_synced,
        "upload_version": report.version,
        "dry_run": report.dry_run,
        "errors": [],
        "notes": list(report.errors),
    }
