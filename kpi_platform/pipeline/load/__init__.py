"""Loads KPI values from the marts into the dashboard: one upload for each customer, all or nothing.

A load runs in this order, one module for each step:

1. `read`: reads the customer's marts into columns, before any transaction.
2. `transaction`: locks the customers' uploads and compares the input with earlier loads (`task`).
3. `judge`: holds a load that would do harm, for example one in which most accounts are gone.
4. `accounts`, `values`: plan inserts, updates and retirements with the pure functions of `domain.load_plan`.
5. `write`: applies the plans of all customers with one statement for each table.

Customers that are loaded together share the transaction, because its statements cost more than the rows of a
small customer (docs/decisions/0012-loads-together.md).
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kpi_platform.adapters.destination.open import open_destination
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.account_counts import account_counts
from kpi_platform.dashboard.database import reading, writing_last
from kpi_platform.dashboard.uploads import COUNTS
from kpi_platform.domain.account_counts import AccountCounts
from kpi_platform.domain.errors import LoadHeld
from kpi_platform.domain.load_guard import Anomaly
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import DataSource
from kpi_platform.pipeline.batch import in_utc
from kpi_platform.pipeline.batch_marts import MartReader
from kpi_platform.pipeline.customer_settings import secrets_of_each, settings_of_each
from kpi_platform.pipeline.kpi_definitions import definitions_of
from kpi_platform.pipeline.load.judge import hold
from kpi_platform.pipeline.load.read import read_incoming
from kpi_platform.pipeline.load.transaction import (
    NOTES,
    Load,
    LoadInput,
    LoadOptions,
    Progress,
    UpdateMode,
    apply_loads,
    begin_loads,
)


@dataclass(frozen=True, slots=True)
class LoadReport:
    """The result of a load, or of a dry run. Counts are rows.

    `version` is the upload that the dashboard shows afterwards. A load that changes nothing, not even the
    `as_of` of what is shown, adds no upload. `kpis_synced` counts values that were added or changed. `errors`
    are at most 100 notes on what was left out and why. `anomalies` list what is unusual compared with
    earlier loads. `settings` are those that the load went by.
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
    settings: CustomerSettings = field(repr=False)

    @property
    def counts(self) -> dict[str, int]:
        """The rows by what became of them."""
        return {name: getattr(self, name) for name in map(_reported, COUNTS)}

    @property
    def kpis_synced(self) -> int:
        return self.kpis_inserted + self.kpis_updated

    @property
    def accounts_matched(self) -> int:
        """Source accounts that were neither created nor skipped nor sent to review."""
        return self.source_accounts - self.accounts_created - self.accounts_skipped - self.sent_to_review


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
    """Loads the marts of `customers` as of `as_of` (timezone-aware): either all of them or none.

    A load that would do harm is held until somebody releases it: its place in the result has a LoadHeld
    instead of a report. `update_mode` and `mapping_overrides` (by KPI: category, impact_level, …) override
    the settings for these loads only. `data_source` limits the loads to the KPIs of one source. `marts` reads
    the marts of many customers at once. Accounts must have been matched before (`pipeline.match`).

    Raises LoadRefused, with nothing changed, if a policy or the marts forbid one of the loads.
    """
    started, progress = time.monotonic(), on_progress or _silent
    options = LoadOptions(in_utc(as_of), run_id, dry_run, update_mode, data_source, uploaded_by)
    with reading(engine) as connection:
        known = settings_of_each(configuration, connection, customers)
        secrets = {} if marts else secrets_of_each(configuration, connection, customers)
        built = account_counts(connection, customers)
    inputs = []
    for customer, one in known.items():
        counted = built.get(customer)
        with ExitStack() as turn:
            reader = marts
            if reader is None:
                reader = open_destination(configuration, one.settings.warehouse, secrets[customer])
                turn.enter_context(reader.reading_together())
            incoming = read_incoming(
                reader, customer, options.as_of, lambda rows: progress("read", rows, 0), counted
            )
        definitions = definitions_of(
            one.settings, mapping_overrides or {}, incoming.time_basis, incoming.revenue_basis
        )
        inputs.append(LoadInput(one, definitions, incoming, counted.counts if counted else AccountCounts()))
    with writing_last(engine) as connection:
        loads = begin_loads(connection, options, inputs)
        apply_loads(connection, options, loads, progress)
        held = {load.task.customer: hold(load.task, load.judged, run_id) for load in loads if load.is_held}
    seconds = time.monotonic() - started
    return [held.get(load.task.customer) or _report(load, options, seconds) for load in loads]


def _silent(_phase: str, _done: int, _total: int) -> None:
    """Ignores progress."""


def _report(load: Load, options: LoadOptions, seconds: float) -> LoadReport:
    task = load.task
    return LoadReport(
        customer=task.customer,
        version=load.version,
        as_of=task.as_of,
        dry_run=task.dry_run,
        update_mode=load.header["update_mode"],
        data_source=options.data_source,
        source_accounts=len(task.incoming.source_ids),
        errors=tuple(task.notes[:NOTES]),
        anomalies=load.judged.anomalies,
        seconds=seconds,
        settings=task.settings,
        **{_reported(name): rows for name, rows in task.counts.items()},
    )


def _reported(count: str) -> str:
    """The name of a count of an upload in the report."""
    return {"kpis_retired": "retired", "kpis_history_only": "history_only"}.get(count, count)
