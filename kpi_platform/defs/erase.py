"""Takes a customer out of Dagster's own records."""

from collections.abc import Iterator, Sequence

import dagster as dg
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.defs.dagster_insides import RUNLESS_RUN_ID, SqlEventLogStorage
from kpi_platform.defs.dagster_insides import AssetKeyTable as assets
from kpi_platform.defs.dagster_insides import SqlEventLogStorageTable as events
from kpi_platform.defs.instance import prepare_dagster_home
from kpi_platform.defs.partitions import CUSTOMERS_NAME
from kpi_platform.defs.runs import active_runs, customers_of
from kpi_platform.domain.erasure import Erased
from kpi_platform.domain.errors import Conflict

_RUNS_AT_ONCE = 500


def require_idle(configuration: Configuration, customer: str) -> None:
    """Raises Conflict while a run of the customer is queued or under way: it would write again."""
    with dg.DagsterInstance.from_config(str(prepare_dagster_home(configuration))) as instance:
        for run in active_runs(instance):
            if customer in run.customers:
                raise Conflict(
                    f"A run of '{customer}' is under way: {run.run_id}.",
                    next_step="Wait for its end, or end it in Dagster's UI; then erase again.",
                )


def erase_in_dagster(configuration: Configuration, customer: str) -> list[Erased]:
    """Deletes the customer's partition, its asset events and checks, and the runs, with their logs, that were
    its alone. A run of several customers stays, and with it the customer's key in the run's tags."""
    with dg.DagsterInstance.from_config(str(prepare_dagster_home(configuration))) as instance:
        partitions = instance.get_dynamic_partitions(CUSTOMERS_NAME)
        own, shared = _runs(instance, customer, partitions)
        for run_id in own:
            instance.delete_run(run_id)
            instance.compute_log_manager.delete_logs(prefix=[run_id])
        recorded = sum(_erase_events(instance, customer, shared))
        if customer in partitions:
            instance.delete_dynamic_partition(CUSTOMERS_NAME, customer)
        left, still_shared = _runs(instance, customer, partitions)
        remaining = sum(_count_events(instance, customer, still_shared))
        return [
            Erased("Dagster runs of the customer alone", len(own), len(left)),
            Erased("Dagster asset events", recorded, remaining),
            Erased(
                "Dagster partition",
                int(customer in partitions),
                int(customer in instance.get_dynamic_partitions(CUSTOMERS_NAME)),
            ),
            Erased(
                "Dagster runs of several customers",
                len(shared),
                len(still_shared),
                "they name the customer's key and hold none of its data" if still_shared else "",
            ),
        ]


def _runs(
    instance: dg.DagsterInstance, customer: str, partitions: Sequence[str]
) -> tuple[list[str], list[str]]:
    """The runs of the customer alone, and those of it and others."""
    own: list[str] = []
    shared: list[str] = []
    cursor: str | None = None
    while runs := instance.get_runs(limit=_RUNS_AT_ONCE, cursor=cursor):
        for run in runs:
            covered = customers_of(run.tags, partitions)
            if customer in covered:
                (own if len(covered) == 1 else shared).append(run.run_id)
        cursor = runs[-1].run_id
    return own, shared


def _erase_events(instance: dg.DagsterInstance, customer: str, runs: list[str]) -> Iterator[int]:
    mine = events.c.partition == customer
    for connection in _connections(instance, runs):
        yield connection.execute(sa.delete(events).where(mine)).rowcount
    with _storage(instance).index_connection() as connection:
        # Beside its events, each asset keeps a copy of its newest.
        named = assets.c.last_materialization.contains(f'"partition": "{customer}"', autoescape=True)
        connection.execute(sa.update(assets).where(named).values(last_materialization=None))


def _count_events(instance: dg.DagsterInstance, customer: str, runs: list[str]) -> Iterator[int]:
    query = sa.select(sa.func.count()).select_from(events).where(events.c.partition == customer)
    for connection in _connections(instance, runs):
        yield connection.execute(query).scalar_one()


def _connections(instance: dg.DagsterInstance, runs: list[str]) -> Iterator[sa.Connection]:
    """Wherever asset events lie: Dagster has no way of its own to wipe one partition's."""
    storage = _storage(instance)
    with storage.index_connection() as connection:
        yield connection
    if storage.is_run_sharded:
        for run_id in (RUNLESS_RUN_ID, *runs):
            with storage.run_connection(run_id) as connection:
                yield connection


def _storage(instance: dg.DagsterInstance) -> SqlEventLogStorage:
    storage = instance.event_log_storage
    assert isinstance(storage, SqlEventLogStorage)
    return storage
