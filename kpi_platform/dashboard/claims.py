"""Claims: which customer's a connection or raw schema is, within one place (docs/decisions/0015).

A place is known by what its server says of itself, once it was asked, and by its spelling until then. The
database itself holds that each connection and raw schema has one holder. Who came to claim the same only
later (two spellings proved to be one place) is written down beside the holder, and must not read it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kpi_platform.dashboard import tables
from kpi_platform.domain.claims import PREVIEW_SUFFIX, Kind, Taken, WantedClaim, claimed_by, marts_there

_claims = tables.settings_claims
_places = tables.destination_places
_customers = tables.customers
_OWNED = ("connection", "schema")
_MANY_NAMES = 300
"""From so many on, reading all claims of a place is faster than binding the names."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """One claim. `customer` None: one that was erased. Not `held`: somebody else was there before."""

    kind: Kind
    place: str
    name: str
    customer: str | None
    held: bool


@dataclass(frozen=True, slots=True)
class ClaimedTwice:
    """A name that `customer` must not read: `owner` has it. `owner` None: a customer that was erased."""

    kind: Kind
    place: str
    name: str
    customer: str
    owner: str | None


def claim(connection: sa.Connection, customer_id: int, customer: str, document: Mapping[str, Any]) -> None:
    """Claims what `document` wants. A schema stays claimed when settings name another, for its data is still
    there. Raises Conflict if another customer has one of them, or if a raw schema and marts would
    coincide."""
    _one_at_a_time(connection)
    spelled, wanted = claimed_by(document)
    place = places_of(connection, [spelled])[spelled]
    wanted = {
        one if one.kind == "connection" else WantedClaim(one.kind, place, one.name, one.in_use)
        for one in wanted
    }
    mine = {
        (row.kind, row.place, row.name) for row in _rows(connection, _claims.c.customer_id == customer_id)
    }
    _require_free(connection, customer_id, customer, wanted, mine)
    _drop_unwanted(connection, customer_id, wanted)
    for one in sorted(wanted):
        key = {"kind": one.kind, "place": one.place, "name": one.name, "customer_id": customer_id}
        state = {"spelled": spelled, "in_use": one.in_use}
        if (one.kind, one.place, one.name) in mine:
            changed = sa.update(_claims).where(*(_claims.c[name] == value for name, value in key.items()))
            connection.execute(changed.values(state))
        else:
            connection.execute(sa.insert(_claims).values(**key, **state, held=True))


def claim_unclaimed(connection: sa.Connection, place: str, spelled: str, wanted: Mapping[str, int]) -> None:
    """Claims schemas (name → customer's id) that nobody has for the customers that read them now."""
    _one_at_a_time(connection)
    for name, customer_id in wanted.items():
        row = {"kind": "schema", "place": place, "name": name, "customer_id": customer_id, "spelled": spelled}
        make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        connection.execute(make(_claims).values(**row, in_use=True, held=True).on_conflict_do_nothing())


def places_of(connection: sa.Connection, spelled: Collection[str]) -> dict[str, str]:
    """Returns the server's identity of each spelled place, or the spelling if the server was never asked."""
    known = connection.execute(
        sa.select(_places.c.spelled, _places.c.place).where(_places.c.spelled.in_(spelled))
    )
    return {**{one: one for one in spelled}, **{row.spelled: row.place for row in known}}


def record_place(connection: sa.Connection, spelled: str, place: str) -> bool:
    """Records the server's identity, and moves the claims of this spelling to it. Returns whether it was new.
    If a name is claimed there already, the later claim is recorded beside its holder."""
    _one_at_a_time(connection)
    known = connection.execute(sa.select(_places.c.place).where(_places.c.spelled == spelled)).scalar()
    if known == place:
        return False
    values = {"place": place, "asked_at": datetime.now(UTC)}
    if known is None:
        connection.execute(sa.insert(_places).values(spelled=spelled, **values))
    else:
        connection.execute(sa.update(_places).where(_places.c.spelled == spelled).values(values))
    moving = _rows(
        connection, sa.and_(_claims.c.spelled == spelled, _claims.c.place != place, _claims.c.place != "")
    )
    there = {
        (row.kind, row.name): row
        for row in _rows(connection, sa.and_(_claims.c.place == place, _claims.c.held))
    }
    both = {(row.kind, row.name, row.customer_id) for row in _rows(connection, _claims.c.place == place)}
    for row in moving:
        if (row.kind, row.name, row.customer_id) in both:
            connection.execute(sa.delete(_claims).where(_claims.c.id == row.id))
            continue
        held = row.held and (row.kind not in _OWNED or (row.kind, row.name) not in there)
        there.setdefault((row.kind, row.name), row)
        connection.execute(sa.update(_claims).where(_claims.c.id == row.id).values(place=place, held=held))
    return True


def others_claims(connection: sa.Connection, place: str, names: Collection[str]) -> list[sa.Row[Any]]:
    """Kind, name, customer's id and key of all who hold one of `names` (lower case) in the place, or have
    their marts there. One query."""
    query = (
        sa.select(_claims.c.kind, _claims.c.name, _claims.c.customer_id, _customers.c.key)
        .outerjoin_from(_claims, _customers)
        .where(
            _claims.c.place == place,
            _claims.c.held,
            _claims.c.kind != "connection",
        )
    )
    if len(names) < _MANY_NAMES:
        query = query.where(_claims.c.name.in_(names))
    return [row for row in connection.execute(query) if row.name in names]


def end_claims(connection: sa.Connection, customer_id: int, place: str, names: Iterable[str]) -> None:
    """Ends claims on raw schemas whose data is erased. Who waited for one has it from now on."""
    for name in {name.lower() for name in names}:
        key = (_claims.c.kind == "schema", _claims.c.place == place, _claims.c.name == name)
        connection.execute(sa.delete(_claims).where(*key, _claims.c.customer_id == customer_id))
        _promote(connection, key)


def end_all_claims(connection: sa.Connection, place: str, name: str) -> int:
    """Ends everybody's claims on a raw schema; how many there were."""
    there = sa.and_(_claims.c.kind == "schema", _claims.c.place == place, _claims.c.name == name.lower())
    return connection.execute(sa.delete(_claims).where(there)).rowcount


def all_claims(connection: sa.Connection) -> list[Claimed]:
    """Returns connections and raw schemas, by name."""
    rows = _rows(connection, _claims.c.kind != "marts")
    return [Claimed(row.kind, row.place, row.name, row.key, row.held) for row in rows]


def leave_claims(connection: sa.Connection, customer_id: int) -> None:
    """Keeps the raw schemas of an erased customer that still hold data closed to others."""
    _drop_unwanted(connection, customer_id, set())
    left = _claims.c.customer_id == customer_id
    connection.execute(sa.update(_claims).where(left).values(customer_id=None, in_use=False))


def own_schemas(connection: sa.Connection, customer_id: int, place: str) -> set[str]:
    """Returns the raw schemas that the customer holds in a place, in lower case."""
    mine = sa.and_(_claims.c.customer_id == customer_id, _claims.c.place == place, _claims.c.held)
    return set(connection.scalars(sa.select(_claims.c.name).where(mine, _claims.c.kind == "schema")))


def claimed_twice(connection: sa.Connection) -> list[ClaimedTwice]:
    """Returns every claim of somebody who came later, by customer."""
    holder, owner = _claims.alias("holder"), _customers.alias("owner")
    same = sa.and_(
        holder.c.kind == _claims.c.kind,
        holder.c.place == _claims.c.place,
        holder.c.name == _claims.c.name,
        holder.c.held,
    )
    query = (
        sa.select(
            _claims.c.kind, _claims.c.place, _claims.c.name, _customers.c.key, owner.c.key.label("owner")
        )
        .join_from(_claims, _customers)
        .join(holder, same)
        .outerjoin(owner, owner.c.id == holder.c.customer_id)
        .where(sa.not_(_claims.c.held))
        .order_by(_customers.c.key, _claims.c.kind, _claims.c.name)
    )
    return [ClaimedTwice(*row) for row in connection.execute(query)]


def _require_free(
    connection: sa.Connection,
    customer_id: int,
    customer: str,
    wanted: set[WantedClaim],
    mine: set[tuple[str, str, str]],
) -> None:
    marts = {one.name for one in wanted if one.kind == "marts"}
    marts |= {f"{name}{PREVIEW_SUFFIX}" for name in marts}
    raw = {one.name for one in wanted if one.kind == "schema"}
    for name in sorted(raw & marts):
        raise marts_there(name, customer)
    place = next(one.place for one in wanted if one.kind == "marts")
    marts_of_raw = raw | {name.removesuffix(PREVIEW_SUFFIX) for name in raw}
    names = {one.name for one in wanted} | marts | marts_of_raw
    there = sa.and_(_claims.c.place.in_(["", place]), _claims.c.name.in_(names), _claims.c.held)
    keys = {(one.kind, one.name) for one in wanted}
    both = {("marts", name) for name in marts_of_raw} | {("schema", name) for name in marts}
    for row in _rows(connection, there):
        is_other = row.customer_id != customer_id
        if is_other and row.kind in _OWNED and (row.kind, row.name) in keys:
            # The later customer can still change its other settings; its runs are refused.
            if (row.kind, row.place, row.name) not in mine:
                raise Taken(row.kind, row.name, row.key, customer)
        elif (row.kind, row.name) in both:
            raise marts_there(row.name, customer)


def _drop_unwanted(connection: sa.Connection, customer_id: int, wanted: set[WantedClaim]) -> None:
    """Connections and marts' schemas that settings name no more, and schemas that were never its own."""
    keep = {(one.kind, one.place, one.name) for one in wanted}
    for row in _rows(connection, _claims.c.customer_id == customer_id):
        if (row.kind, row.place, row.name) in keep:
            continue
        if row.kind == "schema" and row.held:
            connection.execute(sa.update(_claims).where(_claims.c.id == row.id).values(in_use=False))
            continue
        connection.execute(sa.delete(_claims).where(_claims.c.id == row.id))
        if row.kind == "connection" and row.held:
            _promote(
                connection, (_claims.c.kind == row.kind, _claims.c.place == "", _claims.c.name == row.name)
            )


def _promote(connection: sa.Connection, key: Sequence[sa.ColumnElement[bool]]) -> None:
    first = sa.select(sa.func.min(_claims.c.id)).where(*key).scalar_subquery()
    if not connection.execute(sa.select(_claims.c.id).where(*key, _claims.c.held)).first():
        connection.execute(sa.update(_claims).where(_claims.c.id == first).values(held=True))


def _rows(connection: sa.Connection, where: sa.ColumnElement[bool]) -> list[sa.Row[Any]]:
    query = sa.select(_claims, _customers.c.key).outerjoin_from(_claims, _customers)
    return list(connection.execute(query.where(where).order_by(_claims.c.kind, _claims.c.name, _claims.c.id)))


def _one_at_a_time(connection: sa.Connection) -> None:
    """Two who claim at once queue (SQLite: the transaction is a writer's from its begin)."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("LOCK TABLE settings_claims IN SHARE ROW EXCLUSIVE MODE"))
