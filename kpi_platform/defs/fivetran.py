"""Every table that Fivetran lands is an asset; making a customer's partition syncs its connection."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from kpi_platform.adapters.fivetran_connection import Connection
from kpi_platform.adapters.fivetran_watch import ConnectionWatch
from kpi_platform.dashboard.source_states import record_sync_state
from kpi_platform.defs.batch import Metadata, StepBatch
from kpi_platform.defs.partitions import BATCH_POLICY, CUSTOMERS, OWNERS
from kpi_platform.defs.requests import note_progress
from kpi_platform.defs.resources import Platform, PlatformParam
from kpi_platform.defs.sync_alerts import tell_failed_sync
from kpi_platform.defs.syncs import record_connection, sync_metadata
from kpi_platform.defs.web_links import link
from kpi_platform.domain.errors import InvalidInput, KpiPlatformError, SyncFailed
from kpi_platform.domain.landed import find_schema, find_table
from kpi_platform.domain.sources import SOURCE_SYSTEMS, SOURCE_TABLES, SOURCES, Source
from kpi_platform.pipeline.apply_settings import hand_schedule_over, needs_tables_off, prepare_first_sync
from kpi_platform.pipeline.batch import CustomerInput, read_inputs

FIVETRAN_POOL = "fivetran"
SYNCS_AT_ONCE = 16


def table_key(source: Source, table: str) -> dg.AssetKey:
    return dg.AssetKey([source, table])


def source_keys(source: Source) -> list[dg.AssetKey]:
    return [table_key(source, table.name) for table in SOURCE_TABLES[source]]


def fivetran_assets(source: Source) -> dg.AssetsDefinition:
    """Returns the tables of one source. The customers of a batch sync side by side; one sync serves all
    tables."""
    specs = [
        dg.AssetSpec(
            table_key(source, table.name),
            description=f"{SOURCE_SYSTEMS[source].title} `{table.name}`, as Fivetran lands it for each "
            f"customer. {table.description}",
            partitions_def=CUSTOMERS,
            group_name=source,
            kinds={"fivetran", source},
            owners=OWNERS,
            tags={"kpi/source": source},
            metadata={"primary key": table.primary_key},
            skippable=True,
        )
        for table in SOURCE_TABLES[source]
    ]

    @dg.multi_asset(
        name=f"{source}_sync",
        specs=specs,
        can_subset=True,
        pool=FIVETRAN_POOL,
        backfill_policy=BATCH_POLICY,
    )
    def sync(context: dg.AssetExecutionContext, platform: PlatformParam) -> Iterator[Any]:
        note_progress(context, platform, "syncing", {source: "syncing"})
        batch = StepBatch.of(context)
        yield from SourceSync(batch, source, platform).run()

    return sync


class SourceSync:
    """One source's syncs in one step, and what becomes of those that fail (`error_handling`)."""

    def __init__(self, batch: StepBatch, source: Source, platform: Platform) -> None:
        self._batch = batch
        self._context = batch.context
        self._source = source
        self._platform = platform
        self._client = platform.fivetran
        self._found: dict[str, Connection] = {}
        self._watch = ConnectionWatch(self._client.api, 0)

    def run(self) -> Iterator[Any]:
        inputs, unknown = read_inputs(
            self._platform.configuration, self._platform.engine, self._batch.customers
        )
        for customer, error in unknown.items():
            self._batch.lose(customer, error)
        inputs = [one for one in inputs if self._has_source(one)]
        self._start_other_sources(inputs)
        again: list[tuple[CustomerInput, KpiPlatformError]] = []
        self._watch = ConnectionWatch(self._client.api, min(len(inputs), SYNCS_AT_ONCE))
        with ThreadPoolExecutor(SYNCS_AT_ONCE) as threads, self._giving_up_when_cancelled(threads):
            running = {threads.submit(self._sync, one): one for one in inputs}
            for number, ended in enumerate(as_completed(running)):
                if len(inputs) - number <= SYNCS_AT_ONCE:
                    self._watch.done()
                one = running[ended]
                try:
                    self._batch.keep(one.customer, self._landed(one, ended.result()))
                    # The next sync may end an hour later.
                    self._batch.store()
                    note_progress(self._context, self._platform, "syncing", {self._source: "done"})
                except KpiPlatformError as error:
                    if is_no_failure(error):
                        self._wait(one, error)
                    elif self._may_retry(one, error):
                        again.append((one, error))
                    else:
                        self._give_up(one, error)
        if again:
            self._retry(again)
        yield from self._batch.finish()

    @contextmanager
    def _giving_up_when_cancelled(self, threads: ThreadPoolExecutor) -> Iterator[None]:
        """Lets no thread wait for a sync, which may take hours, when the run is interrupted."""
        try:
            yield
        except BaseException:
            self._watch.stop()
            threads.shutdown(wait=False, cancel_futures=True)
            raise

    def _has_source(self, one: CustomerInput) -> bool:
        enabled = one.settings.source(self._source).enabled
        if not enabled:
            self._context.log.info(f"{one.customer}: its settings say that it has no {self._source}.")
        return enabled

    def _sync(self, one: CustomerInput) -> Connection:
        connection_id = connection_of(one, self._source)
        try:
            connection = self._client.sync(
                connection_id,
                since=self._batch.started_at,
                start=lambda: self._start(one, connection_id),
                on_state=lambda now: self._noticed(one, now),
                read=self._watch.read,
            )
        except SyncFailed:
            # The failure stands; what it looks like now is only shown.
            with suppress(KpiPlatformError):
                self._record(one, self._client.api.connection(connection_id))
            raise
        self._record(one, connection)
        try:
            hand_schedule_over(self._client.api, one.settings, self._source, connection)
        except KpiPlatformError as error:
            # The sync has succeeded all the same; doctor and the status page name the schedule.
            self._context.log.warning(f"{one.customer}: the schedule was not handed to Fivetran: {error}")
        return connection

    def _noticed(self, one: CustomerInput, now: Connection) -> None:
        """Once with the connection as it was found, then with every change of its sync state."""
        is_attempt = one.customer not in self._found and now.setup_state != "incomplete"
        self._found.setdefault(one.customer, now)
        self._record(one, now, attempted_at=datetime.now(UTC) if is_attempt else None)
        self._context.log.info(f"{one.customer}: {now.id} is {now.sync_state}")

    def _start(self, one: CustomerInput, connection_id: str) -> None:
        found = self._found[one.customer]
        if found.succeeded_at is None:
            for change in prepare_first_sync(self._client.api, one.settings, self._source, found):
                self._context.log.info(f"{one.customer}: {change.setting} {change.message}")
        self._client.api.sync(connection_id)

    def _record(
        self, one: CustomerInput, connection: Connection, attempted_at: datetime | None = None
    ) -> None:
        with self._platform.engine.begin() as database:
            record_connection(database, one.customer, self._source, connection, attempted_at=attempted_at)

    def _landed(self, one: CustomerInput, connection: Connection) -> Mapping[dg.AssetKey, Metadata]:
        """Metadata of every selected table that is there; what has not landed is no materialisation."""
        catalogue = one.destination.columns([one.settings.source(self._source).schema_])
        schema = find_schema(catalogue, one.settings.source(self._source).schema_)
        if schema is None:
            return {}
        there: dict[str, dg.AssetKey] = {}
        for table in SOURCE_TABLES[self._source]:
            key = table_key(self._source, table.name)
            found = find_table(table, schema, catalogue[schema], mapped=())
            if found.identifier and key in self._context.selected_asset_keys:
                there[found.identifier] = key
        rows = one.destination.row_counts(schema, list(there))
        about = sync_metadata(connection)
        return {
            key: about
            | {"dagster/row_count": rows[table], "dagster/table_name": f"{schema}.{table}"}
            | link(self._platform.configuration, key, one.customer)
            for table, key in there.items()
        }

    def _start_other_sources(self, inputs: list[CustomerInput]) -> None:
        """Steps of one process run one after another; so the first starts the syncs of all."""
        selected = {key.path[0] for key in self._context.job_def.asset_layer.selected_asset_keys}
        watch = ConnectionWatch(self._client.api, len(inputs))
        for other in (other for other in SOURCES if other != self._source and other in selected):
            for one in inputs:
                try:
                    connection = watch.read(connection_of(one, other))
                    if self._may_start_ahead(one, other, connection):
                        self._client.api.sync(connection.id)
                except KpiPlatformError as error:
                    self._context.log.info(f"{one.customer}: {other} is not started ahead: {error}")

    def _may_start_ahead(self, one: CustomerInput, source: Source, connection: Connection) -> bool:
        """Whether nothing has to be looked at or done before this sync."""
        done = connection.is_done_since(self._batch.started_at)
        unready = connection.paused or connection.setup_state == "incomplete" or connection.is_put_off
        is_first = connection.succeeded_at is None and needs_tables_off(one.settings, source)
        return not (done or connection.is_syncing or unready or is_first)

    def _may_retry(self, one: CustomerInput, error: KpiPlatformError) -> bool:
        policy = one.settings.error_handling
        return (
            policy.on_sync_failure == "retry"
            and bool(error.details.get("retry", error.http_status == 503))
            and self._context.op_execution_context.retry_number < policy.max_retries
        )

    def _retry(self, again: list[tuple[CustomerInput, KpiPlatformError]]) -> None:
        """Runs the step again; customers that have succeeded are recognised then, and not synced twice."""
        for one, error in again:
            self._context.log.warning(f"{one.customer}: {error} It is tried again.")
        policies = [one.settings.error_handling for one, _ in again]
        raise dg.RetryRequested(
            max_retries=max(policy.max_retries for policy in policies),
            seconds_to_wait=max(policy.retry_delay_seconds for policy in policies),
        ) from again[0][1]

    def _wait(self, one: CustomerInput, error: KpiPlatformError) -> None:
        """Ends the attempt for a customer whose sync goes on, or is asked for again later by the schedule."""
        with self._platform.engine.begin() as database:
            if (until := put_off_until(error, datetime.now(UTC))) is not None:
                record_sync_state(database, one.customer, self._source, put_off_until=until)
        if one.settings.error_handling.on_sync_failure == "skip":
            self._context.log.info(f"{one.customer}: {error} Its KPIs are computed from what is there.")
        else:
            self._batch.lose(one.customer, error)

    def _give_up(self, one: CustomerInput, error: KpiPlatformError) -> None:
        now = datetime.now(UTC)
        with self._platform.engine.begin() as database:
            record_sync_state(
                database, one.customer, self._source, unreached_at=now, last_attempt_at=now,
                put_off_until=None,
            )  # fmt: skip
        if one.settings.error_handling.on_sync_failure == "skip":
            self._context.log.warning(f"{one.customer}: {error} Its KPIs are computed from what is there.")
            return
        self._batch.lose(one.customer, error)
        tell_failed_sync(
            self._platform, one.customer, one.settings, self._source, str(error), self._context.run.run_id
        )


def is_no_failure(error: KpiPlatformError) -> bool:
    """Whether the sync goes on without us, or is to be asked for again at a time that Fivetran has named."""
    return bool(error.details.get("goes_on")) or put_off_until(error, datetime.now(UTC)) is not None


def put_off_until(error: KpiPlatformError, now: datetime) -> datetime | None:
    """Returns when Fivetran wants to be asked again: the time that it put a sync off to, or the end of its
    rate limit. None if it named none."""
    if text := error.details.get("put_off_until"):
        return datetime.fromisoformat(str(text))
    if seconds := error.details.get("retry_after_seconds"):
        return now + timedelta(seconds=float(seconds))
    return None


def connection_of(one: CustomerInput, source: Source) -> str:
    """Returns the connection of the customer's source, or InvalidInput that names the setting."""
    connection_id = one.settings.source(source).connection_id
    if connection_id is None:
        raise InvalidInput(
            f"Customer '{one.customer}' has no {source} connection.",
            next_step=f"Set {source}.connection_id in its settings, or leave {source} out of the run.",
        )
    return connection_id


FIVETRAN_ASSETS = [fivetran_assets(source) for source in SOURCES]
