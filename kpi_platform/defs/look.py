"""One look at all connections: what has changed of each is recorded, and becomes events. One connection's
error is its own."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from kpi_platform.adapters.fivetran_connection import Connection
from kpi_platform.dashboard.source_states import record_sync_state
from kpi_platform.defs.fivetran import table_key
from kpi_platform.defs.resources import Platform
from kpi_platform.defs.sync_alerts import tell_failed_sync
from kpi_platform.defs.syncs import connection_detail, record_connection, sync_metadata
from kpi_platform.defs.web_links import link
from kpi_platform.domain.clocks import follows
from kpi_platform.domain.errors import KpiPlatformError
from kpi_platform.domain.landed import column_key
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import SOURCE_TABLES, Source
from kpi_platform.pipeline.apply_settings import wanted_of
from kpi_platform.pipeline.apply_tables import table_switches
from kpi_platform.pipeline.connection_findings import connection_findings

LONGEST_LOOK_SECONDS = 30.0
"""A tick that takes longer than Dagster waits loses its events; what is left over is the next one's."""

_log = logging.getLogger(__name__)

Event = dg.AssetMaterialization | dg.AssetObservation


@dataclass
class Look:
    """`connections` are all that Fivetran lists, or those before the page that failed with `list_error`;
    `recorded` is what was known before (`recorded_syncs`)."""

    platform: Platform
    connections: Mapping[str, Connection]
    recorded: Mapping[tuple[str, Source], Mapping[str, Any]]
    list_error: KpiPlatformError | None = None
    events: list[Event] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    is_complete: bool = True
    _began: float = field(default_factory=time.monotonic)

    def notice(self, customer: str, settings: CustomerSettings, source: Source) -> bool:
        """Records what has changed of the customer's connection and keeps its events. False if the time
        is up, and the next look has to do it."""
        section = settings.source(source)
        if section.connection_id is None or not section.enabled:
            return True
        if time.monotonic() - self._began > LONGEST_LOOK_SECONDS:
            self.is_complete = False
            return False
        connection = self.connections.get(section.connection_id)
        row = self.recorded.get((customer, source), {})
        if row.get("connection_id") not in (None, section.connection_id):
            row = {}
        try:
            if connection is None and self.list_error is not None:
                self.problems.append(f"{customer}: {source} is not looked at: {self.list_error}")
            elif connection is None:
                self._missing(customer, settings, source, row)
            else:
                self._changed(customer, settings, source, connection, row)
        except KpiPlatformError as error:
            self.problems.append(f"{customer}: {source}: {error}")
        except Exception as error:  # noqa: BLE001 - whatever it is, the customers behind it are looked at
            _log.exception("%s: unexpected error while looking at %s", customer, source)
            self.problems.append(f"{customer}: {source}: {type(error).__name__}: {error}")
        return True

    def _missing(
        self, customer: str, settings: CustomerSettings, source: Source, row: Mapping[str, Any]
    ) -> None:
        findings = connection_findings(settings, source, None)
        if findings == row.get("detail", {}).get("findings"):
            return
        with self.platform.engine.begin() as database:
            record_sync_state(
                database, customer, source,
                connection_id=settings.source(source).connection_id, detail={"findings": findings},
                in_first_sync=False,
            )  # fmt: skip

    def _changed(
        self,
        customer: str,
        settings: CustomerSettings,
        source: Source,
        connection: Connection,
        row: Mapping[str, Any],
    ) -> None:
        """Success and failure are watched apart, so that a success with a failure after it is not lost."""
        now = datetime.now(UTC)
        succeeded = follows(connection.succeeded_at, row.get("last_succeeded_at"), now)
        failed = follows(connection.failed_at, row.get("last_failed_at"), now)
        findings = connection_findings(settings, source, connection)
        known = row.get("detail", {})
        shown = connection_detail(connection) | {"findings": findings}
        if (
            succeeded
            or failed
            or connection.sync_state != row.get("sync_state")
            or any(known.get(name) != value for name, value in shown.items())
            or connection.is_in_first_sync != (row.get("first_sync_since") is not None)
        ):
            ended = min(connection.completed_at or now, now) if succeeded or failed else None
            tables = self._tables(customer, settings, source, connection, known) if ended else None
            with self.platform.engine.begin() as database:
                record_connection(
                    database, customer, source, connection,
                    attempted_at=ended, tables=tables, findings=findings,
                )  # fmt: skip
            self._keep_events(customer, source, connection, tables or [], succeeded, failed)
        reasons = _reasons(connection)
        if failed and not (succeeded and connection.last_sync_succeeded):
            tell_failed_sync(self.platform, customer, settings, source, reasons)
        self._tell_endless_first_sync(customer, settings, source, connection, row)

    def _keep_events(
        self,
        customer: str,
        source: Source,
        connection: Connection,
        tables: list[str],
        succeeded: bool,
        failed: bool,
    ) -> None:
        for table in tables:
            key = table_key(source, table)
            about = sync_metadata(connection) | link(self.platform.configuration, key, customer)
            because = about | {"sync failed because": _reasons(connection)}
            if succeeded:
                self.events.append(dg.AssetMaterialization(key, partition=customer, metadata=about))
            if failed:
                self.events.append(dg.AssetObservation(key, partition=customer, metadata=because))

    def _tables(
        self,
        customer: str,
        settings: CustomerSettings,
        source: Source,
        connection: Connection,
        known: Mapping[str, Any],
    ) -> list[str]:
        """Our tables that the connection syncs. If Fivetran does not say it: those that it synced when it
        was last asked, or else those that the settings want."""
        try:
            schemas = self.platform.fivetran.api.schemas(connection.id, max_attempts=1)
        except KpiPlatformError as error:
            self.problems.append(f"{customer}: the tables of {source} that were known last are used: {error}")
            wanted = wanted_of(settings, source)
            synced = {name for name, on in wanted.tables.items() if on} if wanted else set()
            return list(known.get("tables") or [t.name for t in SOURCE_TABLES[source] if t.name in synced])
        enabled = {column_key(switch.name) for switch in table_switches(schemas) if switch.is_synced}
        return [table.name for table in SOURCE_TABLES[source] if column_key(table.name) in enabled]

    def _tell_endless_first_sync(
        self,
        customer: str,
        settings: CustomerSettings,
        source: Source,
        connection: Connection,
        row: Mapping[str, Any],
    ) -> None:
        since, limit = row.get("first_sync_since"), self.platform.configuration.first_sync_limit
        if connection.is_in_first_sync and since is not None and datetime.now(UTC) - since > limit:
            hours = limit.total_seconds() / 3600
            reason = (
                f"its first sync goes on since {since:%Y-%m-%d %H:%M} UTC, for more than {hours:.0f} hours"
            )
            tell_failed_sync(self.platform, customer, settings, source, f"{reason} (KPI_FIRST_SYNC_HOURS).")


def _reasons(connection: Connection) -> str:
    return "; ".join(connection.tasks) or "Fivetran gives no reason."


def list_connections(platform: Platform) -> tuple[dict[str, Connection], KpiPlatformError | None]:
    """Returns Fivetran's connections by id. If a page of the list fails: those before it, and the error."""
    found: dict[str, Connection] = {}
    try:
        # The next look is the next attempt: Dagster waits for a tick for a minute.
        for page in platform.fivetran.api.connection_pages(max_attempts=1):
            found |= {connection.id: connection for connection in page}
    except KpiPlatformError as error:
        return found, error
    return found, None
