"""Loads customers' KPI values into the dashboard: one upload each, one transaction, all or nothing.

The marts are read first, then the transaction begins: lock, plan, apply. What is planned is decided in
`domain.load_plan`; the steps stand in `load_steps`, how changes are applied in `load_changes` and
`dashboard.versioned`. Customers that are loaded together share the transaction and its statements, which for
small ones cost more than their rows.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kpi_platform.adapters.destination.open import open_destination
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import reading
from kpi_platform.domain.errors import LoadHeld
from kpi_platform.domain.load_guard import Anomaly
from kpi_platform.pipeline.batch import in_utc
from kpi_platform.pipeline.batch_marts import MartReader
from kpi_platform.pipeline.customer_settings import secrets_of_each, settings_of_each
from kpi_platform.pipeline.incoming import read_incoming
from kpi_platform.pipeline.kpi_definitions import definitions_of
from kpi_platform.pipeline.load_guard import hold
from kpi_platform.pipeline.load_steps import (
    NOTES,
    DataSource,
    Load,
    Progress,
    Read,
    UpdateMode,
    Wanted,
    apply_loads,
    begin_loads,
)


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
    configuration: Configuration, engine: sa.Engine, customer: str, as_of: datetime, **options: Any
) -> LoadReport:
    """`load_together` for one customer, with its options; raises LoadHeld where the load would do harm."""
    [outcome] = load_together(configuration, engine, [customer], as_of, **options)
    if isinstance(outcome, LoadHeld):
        raise outcome
    return outcome


def load_together(
    configuration: Configuration,
    engine: sa.Engine,
    customers: Sequence[str],
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
) -> list[LoadReport | LoadHeld]:
    """Loads what the marts hold of each of `customers` as of `as_of` (aware); `marts` reads them for many.
    A load that would do harm is held, and waits until it is released: LoadHeld stands in the place of its
    report. All others go in or none does.

    `update_mode` and `mapping_overrides` (by KPI: category, impact_level, …) hold for these loads only and
    win over the settings. `data_source` limits them to the KPIs of one source. Accounts must have been
    matched (`pipeline.match`). Raises LoadRefused, with nothing changed, where a policy or the marts forbid
    one of the loads.
    """
    started, progress = time.monotonic(), on_progress or _silent
    wanted = Wanted(in_utc(as_of), run_id, dry_run, update_mode, data_source, uploaded_by)
    with reading(engine) as connection:
        known = settings_of_each(configuration, connection, customers)
        secrets = {} if marts else secrets_of_each(configuration, connection, customers)
    read = []
    for customer, one in known.items():
        definitions = definitions_of(one.settings, mapping_overrides or {})
        reader = marts or open_destination(configuration, one.settings.warehouse, secrets[customer])
        incoming = read_incoming(reader, customer, wanted.as_of, lambda rows: progress("read", rows, 0))
        read.append(Read(one, definitions, incoming))
    with engine.begin() as connection:
        loads = begin_loads(connection, wanted, read)
        apply_loads(connection, wanted, loads, progress)
        held = {load.task.customer: hold(load.task, load.judged, run_id) for load in loads if load.is_held}
    seconds = time.monotonic() - started
    return [held.get(load.task.customer) or _report(load, wanted, seconds) for load in loads]


def _silent(_phase: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


def _report(load: Load, wanted: Wanted, seconds: float) -> LoadReport:
    task, counts = load.task, dict(load.task.counts)
    return LoadReport(
        customer=task.customer,
        version=load.version,
        as_of=task.as_of,
        dry_run=task.dry_run,
        update_mode=load.header["update_mode"],
        data_source=wanted.data_source,
        retired=counts.pop("kpis_retired"),
        history_only=counts.pop("kpis_history_only"),
        source_accounts=len(task.incoming.source_ids),
        errors=tuple(task.notes[:NOTES]),
        anomalies=load.judged.anomalies,
        seconds=seconds,
        **counts,
    )
