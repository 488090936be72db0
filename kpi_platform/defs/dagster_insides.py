"""All that we use of Dagster's private modules, and the three patches of them.

No other file imports `dagster._…`; `make lint` holds that. When an upgrade of Dagster moves one of these
names, this file alone changes. Names that `dagster` itself exports are imported from there.
"""

import time
from functools import cache
from typing import TypeGuard

import sqlalchemy as sa
from alembic.script import ScriptDirectory
from dagster import AssetCheckEvaluation, EventLogEntry, serialize_value
from dagster._core.definitions.data_version import DATA_VERSION_TAG
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.definitions.metadata import RawMetadataValue
from dagster._core.events import AssetMaterializationPlannedData, StepMaterializationData
from dagster._core.execution.api import execute_run_iterator
from dagster._core.execution.context.system import StepExecutionContext
from dagster._core.execution.plan import instance_concurrency_context
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext
from dagster._core.instance.utils import RUNLESS_RUN_ID
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus
from dagster._core.storage import sql as dagster_sql
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES
from dagster._core.storage.event_log import (
    SqlEventLogStorage,
    SqlEventLogStorageTable,
    SqliteEventLogStorage,
)
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    AssetKeyTable,
)
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    EXTERNALLY_MANAGED_ASSETS_TAG,
    PARTITION_NAME_TAG,
    WILL_RETRY_TAG,
)
from dagster._grpc import server_watcher

from kpi_platform.adapters.checked_versions import are_checked

__all__ = [
    "ASSET_PARTITION_RANGE_END_TAG",
    "ASSET_PARTITION_RANGE_START_TAG",
    "DATA_VERSION_TAG",
    "EXTERNALLY_MANAGED_ASSETS_TAG",
    "IN_PROGRESS_RUN_STATUSES",
    "LOOKS_EVERY",
    "PARTITION_NAME_TAG",
    "RUNLESS_RUN_ID",
    "WILL_RETRY_TAG",
    "AssetCheckExecutionsTable",
    "AssetEventTagsTable",
    "AssetKeyTable",
    "AssetMaterializationPlannedData",
    "CheckRunHealthResult",
    "DefaultRunLauncher",
    "InMemoryJob",
    "RawMetadataValue",
    "SqlEventLogStorage",
    "SqlEventLogStorageTable",
    "SqliteEventLogStorage",
    "StepExecutionContext",
    "StepMaterializationData",
    "WorkerStatus",
    "check_execution_row",
    "event_row",
    "execute_run_iterator",
    "keep_scripts",
    "rest_between_looks",
    "store_as_newest",
    "stores_in_sql",
    "watch_less_often",
]

LOOKS_EVERY = 0.5
"""Seconds between two looks of a waiting run for a free place in its pool."""

WATCH_SECONDS = 10
"""Seconds between two looks of Dagster's servers whether their code location has started anew."""

READ_ANEW_SECONDS = 240
"""Seconds after which Dagster's daemon reads the code location again; it waits 300 for one that fails."""


def stores_in_sql(storage: object) -> TypeGuard[SqlEventLogStorage]:
    """Whether the rows of this event log may be written by our own statements: it is a SQL database, in the
    schema that was checked."""
    return isinstance(storage, SqlEventLogStorage) and are_checked("dagster")


def event_row(storage: SqlEventLogStorage, entry: EventLogEntry) -> dict[str, object]:
    """Returns the row that the event log stores of an entry, by column."""
    return storage._event_to_row(entry)


def check_execution_row(
    storage: SqlEventLogStorage, entry: EventLogEntry, event_id: int
) -> dict[str, object]:
    """Returns the row that the event log has, besides, of the stored evaluation of a check, by column."""
    assert entry.dagster_event is not None
    found = entry.dagster_event.event_specific_data
    assert isinstance(found, AssetCheckEvaluation)
    statuses = AssetCheckExecutionRecordStatus
    target = found.target_materialization_data
    return {
        "asset_key": found.asset_key.to_string(),
        "check_name": found.check_name,
        "partition": found.partition,
        "run_id": entry.run_id,
        "execution_status": (statuses.SUCCEEDED if found.passed else statuses.FAILED).value,
        "evaluation_event": serialize_value(entry),
        "evaluation_event_timestamp": storage._event_insert_timestamp(entry),  # type: ignore[no-untyped-call]
        "evaluation_event_storage_id": event_id,
        "materialization_event_storage_id": target.storage_id if target else None,
    }


def store_as_newest(
    storage: SqlEventLogStorage, connection: sa.Connection, entry: EventLogEntry, event_id: int
) -> None:
    """Notes the stored entry as the newest of its asset."""
    storage._store_asset_event(connection, entry, event_id)


def rest_between_looks() -> None:
    """Makes a run of this process that waits for a place in a pool sleep LOOKS_EVERY between two looks.

    Dagster intends that sleep, but always sleeps for no time (dagster-io/dagster#20367, never merged): each
    waiting run keeps a core busy. It also looks ever more rarely, up to every 15 seconds.
    """
    if are_checked("dagster"):
        InstanceConcurrencyContext.interval_to_next_pending_claim_check = _until_next_look  # type: ignore[assignment, method-assign]
        instance_concurrency_context._calculate_timeout_interval = lambda *_: LOOKS_EVERY


def keep_scripts() -> None:
    """Makes a process read the scripts of Dagster's schema once.

    Each tick of a sensor opens the instance anew, and each of its three storages then reads all 40 scripts to
    know the newest: 100 of the 110 ms that opening takes.
    """
    if are_checked("dagster"):
        dagster_sql.ScriptDirectory = _KeptScripts  # type: ignore[attr-defined, assignment]


def watch_less_often() -> None:
    """Makes a server of Dagster look every WATCH_SECONDS whether its code location has started anew, and the
    daemon read it every READ_ANEW_SECONDS.

    They look every second, which is nearly all that the web UI costs while nobody uses it, and the daemon
    reads the code location every minute.
    """
    from dagster._daemon import controller

    if are_checked("dagster"):
        server_watcher.WATCH_INTERVAL = WATCH_SECONDS
        controller.RELOAD_WORKSPACE_INTERVAL = READ_ANEW_SECONDS


class _KeptScripts:
    from_config = staticmethod(cache(ScriptDirectory.from_config))


def _until_next_look(context: InstanceConcurrencyContext) -> float:
    now = time.time()
    return max(0.0, min((at - now for at in context._pending_timeouts.values()), default=0.0))
