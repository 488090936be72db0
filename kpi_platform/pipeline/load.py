"""Loads one customer's KPI values into the dashboard: one upload, one transaction, all or nothing.

The marts are read first, then the transaction begins: lock, plan, apply. What is planned is decided in
`domain.load_plan`; how it is applied stands in `load_changes` and `dashboard.versioned`.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa

from kpi_platform.adapters.destination.open import open_destination
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import uploads
from kpi_platform.dashboard.baseline import has_unrecorded, record_baseline
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.definitions import KpiDefinition, store_definitions, stored_definitions
from kpi_platform.dashboard.load_holds import end_hold
from kpi_platform.dashboard.match_store import matches_state
from kpi_platform.domain.errors import InvalidInput
from kpi_platform.domain.kpis import Source
from kpi_platform.domain.load_guard import Anomaly
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import SOURCES
from kpi_platform.pipeline.batch_marts import MartReader
from kpi_platform.pipeline.customer_settings import settings_of
from kpi_platform.pipeline.incoming import Incoming, read_incoming
from kpi_platform.pipeline.kpi_definitions import definitions_of
from kpi_platform.pipeline.load_accounts import load_accounts, load_health
from kpi_platform.pipeline.load_guard import Judgement, hold, judge
from kpi_platform.pipeline.load_task import LoadTask
from kpi_platform.pipeline.load_values import load_values

UpdateMode = Literal["upsert", "replace"]
DataSource = Literal["salesforce", "servicenow", "combined"]
Progress = Callable[[str, int, int], None]
"""Called with the phase (read, accounts, values, finish), what is done, and of how much (0: not known)."""

_NOTES = 100


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did; with `dry_run` what it would do. Counts are rows.

    `version` is the upload that the dashboard shows afterwards: a load that changes nothing at all, not even
    the `as_of` of what is shown, adds none. `kpis_synced` are values that were added or changed. `errors` are
    notes on what was left out and why, at most a hundred. `anomalies` are unusual beside the loads before.
    """

    customer: str
    version: int | None
    as_of: datetime
    dry_run: bool
    update_mode: UpdateMode
    data_source: DataSource
    kpis_inserted: int
    kpis_updated: int
    kpis_unchanged: int
    kpis_skipped: int
    retired: int
    history_only: int
    accounts_created: int
    accounts_updated: int
    accounts_retired: int
    accounts_skipped: int
    sent_to_review: int
    source_accounts: int
    errors: tuple[str, ...]
    anomalies: tuple[Anomaly, ...]
    seconds: float

    @property
    def kpis_synced(self) -> int:
        return self.kpis_inserted + self.kpis_updated

    @property
    def accounts_matched(self) -> int:
        """What is left of the source accounts; the load has counted them too, and found that none is lost."""
        return self.source_accounts - self.accounts_created - self.accounts_skipped - self.sent_to_review


def load_dashboard(
    configuration: Configuration,
    engine: sa.Engine,
    customer: str,
    as_of: datetime,
    *,
    run_id: str | None = None,
    dry_run: bool = False,
    update_mode: UpdateMode | None = None,
    data_source: DataSource = "combined",
    mapping_overrides: Mapping[str, Mapping[str, Any]] | None = None,
    on_progress: Progress | None = None,
    uploaded_by: str = "kpi-platform",
    marts: MartReader | None = None,
) -> LoadReport:
    """Loads what the marts hold of `customer` as of `as_of` (aware). `marts` reads them for many customers.

    `update_mode` and `mapping_overrides` (by KPI: category, impact_level, …) hold for this load only and win
    over the settings. `data_source` limits the load to the KPIs of one source. Accounts must have been
    matched (`pipeline.match`). Raises LoadRefused, with nothing changed, where a policy or the marts
    forbid it, and LoadHeld where it would do harm: then it waits until it is released.
    """
    if as_of.tzinfo is None:
        raise InvalidInput(f"as_of {as_of} has no time zone.", next_step="Give it in UTC.")
    started, progress = time.monotonic(), on_progress or _silent
    as_of = as_of.astimezone(UTC)
    with reading(engine) as connection:
        settings, settings_version = settings_of(configuration, connection, customer)
    definitions = definitions_of(settings, mapping_overrides or {})
    reader = marts or open_destination(configuration, settings.warehouse)
    incoming = read_incoming(reader, customer, as_of, lambda rows: progress("read", rows, 0))
    mode = update_mode or settings.update.mode
    with engine.begin() as connection:
        customer_id = get_customer(connection, customer).id
        uploads.lock_uploads(connection, customer_id)
        newest = uploads.newest_upload(connection, customer_id)
        fingerprint = _fingerprint(
            connection, customer_id, incoming, settings, definitions, mode, data_source
        )
        task = LoadTask(
            connection=connection,
            customer=customer,
            customer_id=customer_id,
            version=newest.version + 1 if newest else 1,
            as_of=as_of,
            shown={source: newest.newest_as_of(source) if newest else None for source in SOURCES},
            replace=mode == "replace",
            sources=SOURCES if data_source == "combined" else (data_source,),
            settings=settings,
            definitions={one.kpi: one for one in definitions},
            incoming=incoming,
            dry_run=dry_run,
        )
        times = _shown_after(task)
        header: dict[str, Any] = {
            "as_of": as_of,
            "current_as_of": times,
            "update_mode": mode,
            "data_source": data_source,
            "settings_version": settings_version,
            "run_id": run_id,
            "uploaded_by": uploaded_by,
        }
        version = newest.version if newest else None
        same = newest is not None and newest.fingerprint == fingerprint and not task.any_older
        judged = judge(task)
        if newest is not None and same:
            version = _confirm(task, newest, times, header, fingerprint, judged)
        elif not judged.harms:
            version = _apply(task, newest, header, fingerprint, judged, progress)
        held = None if same or not judged.harms else hold(task, judged, run_id)
        if held is None and not (dry_run or task.any_older or task.is_first):
            end_hold(connection, customer, customer_id)
    if held is not None:
        raise held
    counts = dict(task.counts)
    return LoadReport(
        customer=customer,
        version=version,
        as_of=as_of,
        dry_run=dry_run,
        update_mode=mode,
        data_source=data_source,
        retired=counts.pop("kpis_retired"),
        history_only=counts.pop("kpis_history_only"),
        source_accounts=len(incoming.source_ids),
        errors=tuple(task.notes[:_NOTES]),
        anomalies=judged.anomalies,
        seconds=time.monotonic() - started,
        **counts,
    )


def _silent(_phase: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


def _confirm(
    task: LoadTask,
    newest: uploads.Upload,
    times: dict[str, str],
    header: dict[str, Any],
    fingerprint: str,
    judged: Judgement,
) -> int:
    """Everything is as the newest upload left it; only a later `as_of` is worth an upload."""
    task.counts["kpis_unchanged"] = newest.kpis_inserted + newest.kpis_updated + newest.kpis_unchanged
    task.counts["accounts_skipped"] = newest.accounts_skipped
    task.counts["sent_to_review"] = newest.sent_to_review
    task.notes.extend(newest.notes)
    if times == newest.current_as_of or task.dry_run:
        return newest.version
    uploads.open_upload(task.connection, task.customer_id, task.version, kind="load", **header)
    uploads.close_upload(
        task.connection,
        task.customer_id,
        task.version,
        task.counts,
        newest.notes,
        fingerprint,
        judged.profile.document(),
    )
    return task.version


def _apply(
    task: LoadTask,
    newest: uploads.Upload | None,
    header: dict[str, Any],
    fingerprint: str,
    judged: Judgement,
    progress: Progress,
) -> int | None:
    if not task.dry_run:
        if has_unrecorded(task.connection, task.customer_id):
            record_baseline(task.connection, task.customer_id, task.as_of)
        uploads.open_upload(task.connection, task.customer_id, task.version, kind="load", **header)
    known = {} if task.is_first else stored_definitions(task.connection, task.customer_id)
    size = len(task.incoming.source_ids)
    progress("accounts", 0, size)
    targets = load_accounts(task)
    load_health(task, targets)
    progress("accounts", size, size)
    load_values(task, targets, known, lambda done, total: progress("values", done, total))
    progress("finish", 0, 1)
    if task.dry_run:
        return newest.version if newest else None
    defined = store_definitions(task.connection, task.customer_id, list(task.definitions.values()), known)
    if (
        newest is not None
        and not task.changed_anything
        and not defined
        and header["current_as_of"] == newest.current_as_of
    ):
        uploads.discard_upload(task.connection, task.customer_id, task.version)
        if not task.any_older:
            uploads.note_fingerprint(task.connection, task.customer_id, newest.version, fingerprint)
        return newest.version
    uploads.close_upload(
        task.connection,
        task.customer_id,
        task.version,
        task.counts,
        task.notes[:_NOTES],
        None if task.any_older else fingerprint,
        None if task.any_older else judged.profile.document(),
    )
    return task.version


def _shown_after(task: LoadTask) -> dict[str, str]:
    loaded = {source: max(task.shown[source] or task.as_of, task.as_of) for source in task.sources}
    return _times({**task.shown, **loaded})


def _times(shown: Mapping[Source, datetime | None]) -> dict[str, str]:
    return {source: moment.isoformat() for source, moment in sorted(shown.items()) if moment is not None}


def _fingerprint(
    connection: sa.Connection,
    customer_id: int,
    incoming: Incoming,
    settings: CustomerSettings,
    definitions: list[KpiDefinition],
    mode: str,
    data_source: str,
) -> str:
    """Stands for all that decides what a load does, but for `as_of`."""
    parts = [
        incoming.fingerprint,
        mode,
        data_source,
        settings.account_matching.create_new_accounts,
        settings.account_matching.update_existing_accounts,
        settings.error_handling.on_missing_account,
        settings.error_handling.on_duplicate_kpi,
        matches_state(connection, customer_id),
        [one.document() for one in definitions],
    ]
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()
