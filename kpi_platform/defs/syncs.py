"""The recorded syncs of all customers, and those that a refresh has taken in."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import dagster as dg
import sqlalchemy as sa

from kpi_platform.adapters.fivetran_connection import UNKNOWN, Connection
from kpi_platform.dashboard import tables
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.source_states import SourceState, newest_failure, record_sync_state
from kpi_platform.defs.dagster_insides import DATA_VERSION_TAG
from kpi_platform.domain.refresh import refresh_inputs
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import SOURCES, Source
from kpi_platform.domain.sync_ends import SyncEnds

VALUES = dg.AssetKey("kpi_values")
"""The mart whose builds say what they have taken in."""

INPUTS = DATA_VERSION_TAG
"""Tag of its materialisations: of each source, the end of the newest sync that the build took in. That is
the version of its data, and this the one tag that Dagster looks up for all partitions in one query."""

_states = tables.source_states
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Inputs = Mapping[Source, datetime]


def recorded_syncs(engine: sa.Engine) -> dict[tuple[str, Source], Mapping[str, Any]]:
    """Returns what is recorded of the syncs of all active customers, by customer and source, from one
    query."""
    with reading(engine) as database:
        found = database.execute(_of_active(_states))
        # Names are asked once: a row that is made a dict asks for them each time.
        names = tuple(found.keys())
        rows = (dict(zip(names, row, strict=True)) for row in found)
        return {(row["key"], row["source"]): row for row in rows}


def recorded_inputs(
    engine: sa.Engine, settings: Mapping[str, CustomerSettings]
) -> dict[str, dict[Source, datetime]]:
    """Returns what a refresh of each customer would take in now."""
    return inputs_of(settings, recorded_ends(engine))


def recorded_ends(engine: sa.Engine) -> dict[str, dict[Source, SyncEnds]]:
    """Returns when the syncs of each customer's sources ended last."""
    ends: dict[str, dict[Source, SyncEnds]] = {}
    columns = (
        _states.c.source,
        _states.c.last_succeeded_at,
        _states.c.last_failed_at,
        _states.c.unreached_at,
    )
    with reading(engine) as database:
        for customer, source, succeeded, failed, unreached in database.execute(_of_active(*columns)):
            ends.setdefault(customer, {})[source] = SyncEnds(succeeded, newest_failure(failed, unreached))
    return ends


def _of_active(*columns: sa.Table | sa.Column[Any]) -> sa.Select[Any]:
    """The `columns` of the states of all active customers' sources, after the customer's key."""
    query = sa.select(tables.customers.c.key, *columns).join_from(_states, tables.customers)
    return query.where(tables.customers.c.removed_at.is_(None))


def inputs_of(
    settings: Mapping[str, CustomerSettings], ends: Mapping[str, Mapping[Source, SyncEnds]]
) -> dict[str, dict[Source, datetime]]:
    """Returns what a refresh of each customer takes in when its syncs have ended so."""
    return {customer: refresh_inputs(one, ends.get(customer, {})) for customer, one in settings.items()}


def dump_inputs(inputs: Inputs, until: datetime | None = None) -> str:
    """Returns the inputs, up to `until` if it is given, as the value of a tag: source and microseconds
    since 1970. A build for an instant in the past does not take in what was synced after it."""
    known = {source: at for source, at in inputs.items() if until is None or at <= until}
    return "_".join(f"{source}-{(at - _EPOCH) // _MICROSECOND}" for source, at in sorted(known.items()))


def parse_inputs(text: str) -> dict[Source, datetime]:
    pairs = (part.split("-") for part in text.split("_") if part)
    return {
        source: _EPOCH + timedelta(microseconds=int(moment))
        for name, moment in pairs
        for source in SOURCES
        if source == name
    }


def used_inputs(instance: dg.DagsterInstance) -> dict[str, dict[Source, datetime]]:
    """Returns what each customer's newest build has taken in, from one query."""
    tags = instance.event_log_storage.get_latest_tags_by_partition(
        VALUES, dg.DagsterEventType.ASSET_MATERIALIZATION, [INPUTS]
    )
    return {customer: parse_inputs(found.get(INPUTS, "")) for customer, found in tags.items()}


def record_connection(
    database: sa.Connection,
    customer: str,
    source: Source,
    connection: Connection,
    *,
    attempted_at: datetime | None = None,
    tables: Sequence[str] | None = None,
    findings: Sequence[str] | None = None,
) -> SourceState:
    """Notes in the dashboard database what Fivetran says of a customer's connection. `tables`: those of ours
    that it syncs; `findings`: what is wrong with it; None keeps what was noted before, as a description that
    says nothing of the state does."""
    detail = connection_detail(connection)
    is_said = connection.sync_state != UNKNOWN
    if tables is not None:
        detail["tables"] = list(tables)
    if findings is not None:
        detail["findings"] = list(findings)
    return record_sync_state(
        database,
        customer,
        source,
        connection_id=connection.id,
        last_succeeded_at=connection.succeeded_at,
        last_failed_at=connection.failed_at,
        last_attempt_at=attempted_at,
        sync_state=connection.sync_state if is_said else None,
        detail=detail,
        put_off_until=_put_off_until(connection, attempted_at),
        in_first_sync=connection.is_in_first_sync if is_said else None,
    )


def connection_detail(connection: Connection) -> dict[str, Any]:
    """Returns what is shown of a connection besides its times."""
    is_said = connection.setup_state != UNKNOWN
    return {
        **({"setup_state": connection.setup_state} if is_said else {}),
        "schedule_type": connection.schedule_type,
        "tasks": list(connection.tasks),
        "warnings": list(connection.warnings),
        "url": connection.url,
    }


def _put_off_until(
    connection: Connection, attempted_at: datetime | None
) -> datetime | Literal["as before"] | None:
    if connection.is_put_off and connection.asks_to_be_synced:
        return connection.rescheduled_for
    return None if connection.is_syncing or attempted_at is not None else "as before"


def sync_metadata(connection: Connection) -> dict[str, Any]:
    """Returns the metadata of a materialisation about its sync."""
    times = {"sync succeeded": connection.succeeded_at, "sync failed": connection.failed_at}
    return {
        **{name: dg.MetadataValue.timestamp(at) for name, at in times.items() if at},
        "connection": connection.id,
        "Fivetran": dg.MetadataValue.url(connection.url),
    }
