"""Loads that were held back because they would have done harm, until somebody releases them or a later load
is as usual again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.alerts import clear_alert
from kpi_platform.dashboard.audit import record_event
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.types import among_customers
from kpi_platform.domain.errors import NotFound
from kpi_platform.domain.load_guard import HISTORY_LOADS, LoadProfile


@dataclass(frozen=True, slots=True)
class LoadHold:
    """A load that was held. `as_of` and `run_id` are those of its newest try, `held_at` is the time of the
    first. Released, what it brought counts as usual for the next load."""

    id: int
    as_of: datetime
    run_id: str | None
    reasons: list[str]
    held_at: datetime
    released_at: datetime | None
    released_by: str | None


HELD = "dashboard"
"""The subject of the alert `load_held`."""

_table = tables.load_holds
_NAMES = tuple(field.name for field in fields(LoadHold))
_COLUMNS = tuple(_table.c[name] for name in _NAMES)
_OPEN = sa.and_(_table.c.customer_id == sa.bindparam("customer"), _table.c.ended_at.is_(None))
_SELECT, _UPDATE = sa.select(*_COLUMNS).where(_OPEN), sa.update(_table).where(_OPEN)
_HELD = sa.select(_table.c.customer_id).where(
    among_customers(_table.c.customer_id), _table.c.ended_at.is_(None)
)
_RELEASED = sa.select(_table.c.customer_id, _table.c.profile).where(
    among_customers(_table.c.customer_id), _table.c.ended_at.is_(None), _table.c.released_at.is_not(None)
)

_uploads = tables.kpi_uploads
_PLACE = sa.func.row_number().over(partition_by=_uploads.c.customer_id, order_by=_uploads.c.version.desc())
_NEWEST_FIRST = (
    sa.select(_uploads.c.customer_id, _uploads.c.profile, _PLACE.label("place"))
    .where(
        among_customers(_uploads.c.customer_id),
        _uploads.c.kind == "load",
        _uploads.c.status == "applied",
        _uploads.c.profile.is_not(None),
    )
    .subquery()
)
_LOADED = (
    sa.select(_NEWEST_FIRST.c.customer_id, _NEWEST_FIRST.c.profile)
    .where(_NEWEST_FIRST.c.place <= HISTORY_LOADS)
    .order_by(_NEWEST_FIRST.c.place)
)


def open_hold(connection: sa.Connection, customer: str) -> LoadHold | None:
    """Returns the hold on the customer's loads, also one that was released and not loaded yet; None if there
    is none."""
    return _open(connection, get_customer(connection, customer).id)


def record_hold(
    connection: sa.Connection,
    customer_id: int,
    *,
    as_of: datetime,
    run_id: str | None,
    reasons: Sequence[str],
    profile: LoadProfile,
) -> None:
    """Records that a load was held, also if an earlier one is held already."""
    values: dict[str, Any] = {
        "as_of": as_of,
        "run_id": run_id,
        "reasons": list(reasons),
        "profile": profile.document(),
    }
    known = _open(connection, customer_id)
    if known is not None and known.released_at is None:
        connection.execute(sa.update(_table).where(_table.c.id == known.id).values(values))
        return
    _end(connection, customer_id)
    connection.execute(sa.insert(_table).values(customer_id=customer_id, held_at=datetime.now(UTC), **values))


def release_hold(connection: sa.Connection, customer: str, *, who: str) -> LoadHold:
    """Lets what was held through; the next load of the customer brings it. NotFound if nothing is held."""
    customer_id = get_customer(connection, customer).id
    held = _open(connection, customer_id)
    if held is None or held.released_at is not None:
        raise NotFound(
            f"No load of '{customer}' is held.", next_step=f"See kpi-platform uploads list {customer}."
        )
    values = {"released_at": datetime.now(UTC), "released_by": who}
    connection.execute(sa.update(_table).where(_table.c.id == held.id).values(values))
    clear_alert(connection, customer, "load_held", HELD)
    target = f"load as of {held.as_of.isoformat()}"
    record_event(
        connection,
        who=who,
        action="upload.release",
        target=target,
        customer=customer,
        detail={"reasons": held.reasons},
    )
    released = _open(connection, customer_id)
    assert released is not None
    return released


def end_holds(connection: sa.Connection, loaded: Mapping[int, str]) -> None:
    """Notes that the loads of these customers (key by id) have gone through: nothing of theirs is held any
    more, and the alert is over."""
    for customer_id in connection.execute(_HELD, {"customers": list(loaded)}).scalars().all():
        _end(connection, customer_id)
        clear_alert(connection, loaded[customer_id], "load_held", HELD)


def released_holds(connection: sa.Connection) -> Mapping[str, LoadHold]:
    """Active customer → its hold, of those that were released and are not loaded yet."""
    customers = tables.customers
    query = (
        sa.select(customers.c.key, *_COLUMNS)
        .join_from(_table, customers)
        .where(
            _table.c.ended_at.is_(None), _table.c.released_at.is_not(None), customers.c.removed_at.is_(None)
        )
    )
    return {row.pop("key"): LoadHold(**row) for row in map(dict, connection.execute(query).mappings())}


def usual_loads(connection: sa.Connection, customer_ids: Sequence[int]) -> dict[int, list[LoadProfile]]:
    """Returns, by customer, the profiles of the newest loads that are not taken back, newest first. Loads
    that were held and released come before them."""
    found: dict[int, list[LoadProfile]] = {customer: [] for customer in customer_ids}
    for query in (_RELEASED, _LOADED):
        for customer, profile in connection.execute(query, {"customers": customer_ids}):
            found[customer].append(LoadProfile.parse(profile))
    return found


def _end(connection: sa.Connection, customer_id: int) -> None:
    connection.execute(_UPDATE, {"customer": customer_id, "ended_at": datetime.now(UTC)})


def _open(connection: sa.Connection, customer_id: int) -> LoadHold | None:
    row = connection.execute(_SELECT, {"customer": customer_id}).mappings().one_or_none()
    return LoadHold(**row) if row else None
