"""Requests for a sync, left by the API or a page, picked up by the orchestrator, answered here."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.domain.errors import Conflict, NotFound
from kpi_platform.domain.sources import DataSource

State = Literal["queued", "syncing", "transforming", "matching", "loading", "done", "failed", "cancelled"]

ENDED: tuple[State, ...] = ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """`progress` is by source; `results` are the load's counts and `errors` once it has ended."""

    id: str
    customer: str
    data_source: DataSource
    sync_config: dict[str, Any]
    dry_run: bool
    state: State
    idempotency_key: str | None
    requested_by: str
    requested_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    progress: dict[str, Any]
    results: dict[str, Any]
    run_ids: list[str]


_table = tables.sync_requests


def create_sync_request(
    connection: sa.Connection,
    customer: str,
    data_source: DataSource,
    *,
    requested_by: str,
    sync_config: Mapping[str, Any] | None = None,
    dry_run: bool = False,
    idempotency_key: str | None = None,
) -> SyncRequest:
    """Queues a request. One that is queued for the same customer and source is returned instead, and so is
    the one with the same idempotency key (Conflict if that asked for something else)."""
    stored = get_customer(connection, customer)
    connection.execute(
        sa.select(tables.customers.c.id).where(tables.customers.c.id == stored.id).with_for_update()
    )
    config = dict(sync_config or {})
    mine = _table.c.customer_id == stored.id
    if idempotency_key is not None:
        earlier = _find(connection, mine, _table.c.idempotency_key == idempotency_key)
        if earlier:
            if (earlier.data_source, earlier.sync_config, earlier.dry_run) != (data_source, config, dry_run):
                raise Conflict(
                    "The Idempotency-Key was used for another request.",
                    next_step="Use a new key for a new request.",
                )
            return earlier
    queued = _find(connection, mine, _table.c.data_source == data_source, _table.c.state == "queued")
    if queued:
        return queued
    now = datetime.now(UTC)
    row: dict[str, Any] = {
        "id": uuid.uuid4().hex,
        "customer_id": stored.id,
        "data_source": data_source,
        "sync_config": config,
        "dry_run": dry_run,
        "state": "queued",
        "idempotency_key": idempotency_key,
        "requested_by": requested_by,
        "requested_at": now,
        "updated_at": now,
        "progress": {},
        "results": {},
        "run_ids": [],
    }
    connection.execute(sa.insert(_table).values(row))
    return sync_request(connection, row["id"])


def sync_request(connection: sa.Connection, request_id: str, *, customer: str | None = None) -> SyncRequest:
    """Returns one request. Raises NotFound if there is none, or if it is not `customer`'s."""
    conditions = [_table.c.id == request_id]
    if customer is not None:
        conditions.append(tables.customers.c.key == customer)
    found = _find(connection, *conditions)
    if found is None:
        raise NotFound(f"There is no sync request '{request_id}'.", next_step="Start one, and use its id.")
    return found


def sync_requests(connection: sa.Connection, customer: str, *, limit: int = 50) -> list[SyncRequest]:
    """Returns a customer's requests, newest first."""
    query = _select().where(tables.customers.c.key == customer).order_by(_table.c.requested_at.desc())
    return [SyncRequest(**row) for row in connection.execute(query.limit(limit)).mappings()]


def queued_sync_requests(connection: sa.Connection, *, limit: int = 100) -> list[SyncRequest]:
    """Returns the requests that wait to be picked up, oldest first."""
    query = _select().where(_table.c.state == "queued").order_by(_table.c.requested_at, _table.c.id)
    return [SyncRequest(**row) for row in connection.execute(query.limit(limit)).mappings()]


def advance_sync_request(
    connection: sa.Connection,
    request_id: str,
    state: State,
    *,
    progress: Mapping[str, Any] | None = None,
    run_id: str | None = None,
) -> SyncRequest:
    """Notes how far the request is: `progress` is merged by source, `run_id` added. Nothing changes any more
    once it has ended."""
    request = _lock(connection, request_id)
    if request.state in ENDED:
        return request
    values: dict[str, Any] = {"state": state, "progress": {**request.progress, **(progress or {})}}
    return _write(connection, request, values, run_id)


def finish_sync_request(
    connection: sa.Connection,
    request_id: str,
    state: Literal["done", "failed", "cancelled"],
    *,
    results: Mapping[str, Any],
    run_id: str | None = None,
) -> SyncRequest:
    """Ends the request with its results. One that has ended stays as it is."""
    request = _lock(connection, request_id)
    if request.state in ENDED:
        return request
    values = {"state": state, "results": dict(results), "finished_at": datetime.now(UTC)}
    return _write(connection, request, values, run_id)


def _write(
    connection: sa.Connection, request: SyncRequest, values: dict[str, Any], run_id: str | None
) -> SyncRequest:
    runs = request.run_ids if run_id is None or run_id in request.run_ids else [*request.run_ids, run_id]
    row = {**values, "run_ids": runs, "updated_at": datetime.now(UTC)}
    connection.execute(sa.update(_table).where(_table.c.id == request.id).values(row))
    return sync_request(connection, request.id)


def _lock(connection: sa.Connection, request_id: str) -> SyncRequest:
    connection.execute(sa.select(_table.c.id).where(_table.c.id == request_id).with_for_update())
    return sync_request(connection, request_id)


def _find(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> SyncRequest | None:
    row = connection.execute(_select().where(*conditions)).mappings().one_or_none()
    return SyncRequest(**row) if row else None


def _select() -> sa.Select[Any]:
    columns = [column for column in _table.c if column.name != "customer_id"]
    return sa.select(*columns, tables.customers.c.key.label("customer")).join_from(_table, tables.customers)
