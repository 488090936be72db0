"""The transaction of one or more loads: lock, judge, plan, write. Each statement serves all of them."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from kpi_platform.dashboard import uploads
from kpi_platform.dashboard.accounts import new_account_ids
from kpi_platform.dashboard.baseline import record_baseline
from kpi_platform.dashboard.customers import find_each
from kpi_platform.dashboard.definitions import KpiDefinition
from kpi_platform.dashboard.health_book import KEPT_FROM, HealthBooks
from kpi_platform.dashboard.load_holds import end_holds, usual_loads
from kpi_platform.dashboard.match_store import matches_states
from kpi_platform.dashboard.peers import keep_peers, without_peers
from kpi_platform.dashboard.retention import retention_of_upload, retention_rows
from kpi_platform.domain.account_counts import AccountCounts
from kpi_platform.domain.retention import RETENTION_SOURCE
from kpi_platform.domain.sources import SOURCES, DataSource, Source
from kpi_platform.pipeline.customer_settings import EffectiveSettings
from kpi_platform.pipeline.load.accounts import Placed, load_accounts, load_health, place_accounts
from kpi_platform.pipeline.load.judge import Judgement, judge
from kpi_platform.pipeline.load.read import Incoming
from kpi_platform.pipeline.load.task import Loaded, LoadTask, read_loaded
from kpi_platform.pipeline.load.values import load_values
from kpi_platform.pipeline.load.write import LoadWriter, writing
from kpi_platform.pipeline.past import note_first_load

UpdateMode = Literal["upsert", "replace"]
Progress = Callable[[str, int, int], None]
"""Called with the phase (read, accounts, values, finish), the rows done, and all rows (0: unknown)."""

NOTES = 100
"""Notes that an upload keeps at most."""


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """The options of the caller; the same for all customers of the transaction."""

    as_of: datetime
    run_id: str | None
    dry_run: bool
    update_mode: UpdateMode | None
    data_source: DataSource
    uploaded_by: str


@dataclass(frozen=True, slots=True)
class LoadInput:
    """The input of one customer: its settings, its KPI definitions, the rows of its marts, and how many of
    its accounts count."""

    known: EffectiveSettings
    definitions: list[KpiDefinition]
    incoming: Incoming
    accounts: AccountCounts


@dataclass(slots=True)
class Load:
    """One customer's load. `version` is the upload that the dashboard shows afterwards."""

    task: LoadTask
    newest: uploads.Upload | None
    header: dict[str, Any]
    fingerprint: str
    judged: Judgement
    version: int | None

    @property
    def is_same(self) -> bool:
        """Whether everything is as the newest upload left it; then only a later `as_of` makes an upload."""
        newest = self.newest
        return newest is not None and newest.fingerprint == self.fingerprint and not self.task.any_older

    @property
    def is_held(self) -> bool:
        return bool(self.judged.harms) and not self.is_same

    @property
    def changes_shown(self) -> bool:
        """Whether it brought an upload with something new."""
        return self.version == self.task.version and not self.is_same

    def row(self) -> dict[str, Any]:
        """Returns the row of an upload that has not changed anything yet."""
        return uploads.upload_row(self.task.customer_id, self.task.version, kind="load", **self.header)


def begin_loads(connection: sa.Connection, options: LoadOptions, inputs: Sequence[LoadInput]) -> list[Load]:
    """Locks the customers' uploads and judges each load. Raises UnknownCustomer if a customer was removed
    since its marts were read."""
    find_each(connection, [one.known.customer.key for one in inputs])
    customers = [one.known.customer.id for one in inputs]
    uploads.lock_uploads(connection, customers)
    newest = uploads.newest_uploads(connection, customers)
    matches = matches_states(connection, customers)
    usual = usual_loads(connection, list(newest)) if newest else {}
    loads = []
    for one in inputs:
        customer = one.known.customer.id
        last, mode = newest.get(customer), options.update_mode or one.known.settings.update.mode
        task = _task(connection, options, one, last, mode)
        header = {
            "as_of": options.as_of,
            "current_as_of": _shown_after(task),
            "update_mode": mode,
            "data_source": options.data_source,
            "settings_version": one.known.version,
            "run_id": options.run_id,
            "uploaded_by": options.uploaded_by,
        }
        fingerprint = _fingerprint(task, mode, options.data_source, matches[customer])
        judged = judge(task, usual.get(customer, ()), one.accounts)
        loads.append(Load(task, last, header, fingerprint, judged, last.version if last else None))
    return loads


def apply_loads(
    connection: sa.Connection, options: LoadOptions, loads: Sequence[Load], progress: Progress
) -> None:
    """Plans and writes all loads except those that are held."""
    applied = [load for load in loads if not (load.is_same or load.is_held)]
    tasks = [load.task for load in applied]
    if applied and not options.dry_run:
        record_baseline(connection, [task.customer_id for task in tasks], options.as_of)
    placed = place_accounts(connection, tasks) if applied else []
    loaded = read_loaded(connection, tasks)
    created = sum(len(one.created) for one in placed)
    new_ids = iter(new_account_ids(connection, created, reserve=not options.dry_run) if created else ())
    with writing(connection, dry_run=options.dry_run) as writer:
        for load in loads:
            if load.is_same:
                _confirm(load, writer)
        for load in applied:
            _apply(load, placed.pop(0), loaded.pop(load.task.customer_id), new_ids, writer, progress)
        progress("finish", 0, 1)
    if not options.dry_run:
        for task in (task for task in tasks if task.is_first):
            note_first_load(connection, task.customer_id, task.settings, task.as_of)
        _keep_health(connection, applied)
        _keep_peers(connection, loads)
    gone_through = {
        load.task.customer_id: load.task.customer
        for load in loads
        if not (load.is_held or options.dry_run or load.task.any_older or load.task.is_first)
    }
    if gone_through:
        end_holds(connection, gone_through)


def _keep_health(connection: sa.Connection, loads: Sequence[Load]) -> None:
    """Keeps the state of health of large customers at the end of the week; after a back-fill the next load
    does."""
    for load in loads:
        task = load.task
        if len(task.incoming.source_ids) >= KEPT_FROM and not task.any_older:
            HealthBooks(connection, task.customer_id).keep_weeks()


def _keep_peers(connection: sa.Connection, loads: Sequence[Load]) -> None:
    """Keeps what is usual among the accounts that are shown now."""
    changed = [load.task.customer_id for load in loads if load.changes_shown]
    others = [load.task.customer_id for load in loads if not (load.changes_shown or load.is_held)]
    keep_peers(connection, [*changed, *without_peers(connection, others)])


def _apply(
    load: Load,
    placed: Placed,
    loaded: Loaded,
    new_ids: Iterator[int],
    writer: LoadWriter,
    progress: Progress,
) -> None:
    task = load.task
    size = len(task.incoming.source_ids)
    writer.begin(load.row())
    progress("accounts", 0, size)
    target = load_accounts(task, placed, new_ids, writer)
    # Planning the values needs this memory.
    del placed
    load_health(task, target, loaded, writer)
    progress("accounts", size, size)
    load_values(task, target, loaded, writer, lambda done, total: progress("values", done, total))
    _complete(load, loaded.definitions, writer)


def _task(
    connection: sa.Connection,
    options: LoadOptions,
    one: LoadInput,
    newest: uploads.Upload | None,
    mode: UpdateMode,
) -> LoadTask:
    return LoadTask(
        connection=connection,
        customer=one.known.customer.key,
        customer_id=one.known.customer.id,
        version=newest.version + 1 if newest else 1,
        as_of=options.as_of,
        shown={source: newest.newest_as_of(source) if newest else None for source in SOURCES},
        replace=mode == "replace",
        sources=SOURCES if options.data_source == "combined" else (options.data_source,),
        settings=one.known.settings,
        definitions={one.kpi: one for one in one.definitions},
        incoming=one.incoming,
        dry_run=options.dry_run,
    )


def _confirm(load: Load, writer: LoadWriter) -> None:
    task, newest = load.task, load.newest
    assert newest is not None
    task.counts["kpis_unchanged"] = newest.kpis_inserted + newest.kpis_updated + newest.kpis_unchanged
    task.counts["accounts_skipped"] = newest.accounts_skipped
    task.counts["sent_to_review"] = newest.sent_to_review
    task.notes.extend(newest.notes)
    if load.header["current_as_of"] == newest.current_as_of or task.dry_run:
        return
    profile = load.judged.profile.document()
    writer.begin(load.row() | uploads.closing(task.counts, newest.notes, load.fingerprint, profile))
    _retain(task, writer)
    load.version = task.version


def _complete(load: Load, known: Mapping[str, KpiDefinition], writer: LoadWriter) -> None:
    task, newest = load.task, load.newest
    if task.dry_run:
        return
    defined = writer.define(task.customer_id, list(task.definitions.values()), known)
    fingerprint = None if task.any_older else load.fingerprint
    if (
        newest is not None
        and not writer.changes_rows(task.customer_id, task.version)
        and not defined
        and load.header["current_as_of"] == newest.current_as_of
        and not _changes_retention(task, newest)
    ):
        writer.discard(task.customer_id, task.version)
        if fingerprint is not None:
            # The next identical load then ends without planning.
            uploads.update_upload(task.connection, task.customer_id, newest.version, fingerprint=fingerprint)
        return
    profile = None if task.any_older else load.judged.profile.document()
    closing = uploads.closing(task.counts, task.notes[:NOTES], fingerprint, profile)
    writer.complete(task.customer_id, task.version, closing)
    _retain(task, writer)
    load.version = task.version


def _retain(task: LoadTask, writer: LoadWriter) -> None:
    if RETENTION_SOURCE in task.sources:
        segments = task.incoming.retention
        writer.retain(retention_rows(task.customer_id, task.version, task.as_of, segments))


def _changes_retention(task: LoadTask, newest: uploads.Upload) -> bool:
    """Whether nothing but the retention differs from the newest upload: of accounts that do not count."""
    if RETENTION_SOURCE not in task.sources:
        return False
    stored = retention_of_upload(task.connection, task.customer_id, newest.version)
    return set(stored) != set(task.incoming.retention)


def _shown_after(task: LoadTask) -> dict[str, str]:
    loaded = {source: max(task.shown[source] or task.as_of, task.as_of) for source in task.sources}
    return _times({**task.shown, **loaded})


def _times(shown: Mapping[Source, datetime | None]) -> dict[str, str]:
    return {source: moment.isoformat() for source, moment in sorted(shown.items()) if moment is not None}


def _fingerprint(task: LoadTask, mode: str, data_source: str, matches: tuple[int, str]) -> str:
    """A hash of everything that decides what a load does, except `as_of`."""
    settings = task.settings
    parts = [
        task.incoming.fingerprint,
        mode,
        data_source,
        settings.account_matching.create_new_accounts,
        settings.account_matching.update_existing_accounts,
        settings.error_handling.on_missing_account,
        settings.error_handling.on_duplicate_kpi,
        matches,
        [one.document() for one in task.definitions.values()],
        *([task.incoming.retention] if task.incoming.retention else ()),
    ]
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()
