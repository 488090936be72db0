"""Keeps the groups of peers of what is shown, and finds those of an account."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.bulk_reading import read_columns
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.definitions import KpiDefinition
from kpi_platform.dashboard.shown_accounts import AccountSummary
from kpi_platform.dashboard.types import among_customers
from kpi_platform.domain.kpis import Direction
from kpi_platform.domain.load_plan import Array
from kpi_platform.domain.peers import MOST_POINTS, PeerGroup, grouped_points, peers_by_measure

HEALTH = "health score"
"""The measure that is no KPI; no KPI has a name with a space."""

_EVERYBODY = ""
_groups, _accounts, _kpis, _health = (
    tables.peer_groups, tables.accounts, tables.kpis, tables.account_health
)  # fmt: skip
_SHOWN_ACCOUNTS = (
    sa.select(_accounts.c.customer_id, _accounts.c.id, _accounts.c.industry)
    .where(among_customers(_accounts.c.customer_id), _accounts.c.retired_at.is_(None))
    .order_by(_accounts.c.id)
)
_SHOWN_VALUES = sa.select(_kpis.c.account_id, _kpis.c.kpi, _kpis.c.value).where(
    among_customers(_kpis.c.customer_id), _kpis.c.retired_at.is_(None), _kpis.c.value.is_not(None)
)
_SHOWN_HEALTH = sa.select(_health.c.account_id, _health.c.health_score).where(
    among_customers(_health.c.customer_id),
    _health.c.retired_at.is_(None),
    _health.c.health_score.is_not(None),
)
_KEPT = sa.select(_groups.c.customer_id).where(among_customers(_groups.c.customer_id)).distinct()
_FORGET = sa.delete(_groups).where(among_customers(_groups.c.customer_id))


def keep_peers(connection: sa.Connection, customer_ids: Sequence[int]) -> None:
    """Makes the groups of these customers anew, of what is shown now."""
    if not customer_ids:
        return
    given = {"customers": customer_ids}
    accounts = read_columns(connection, _SHOWN_ACCOUNTS, given)
    values, health = (read_columns(connection, query, given) for query in (_SHOWN_VALUES, _SHOWN_HEALTH))
    slugs = values["kpi"].tolist()
    names = {name: number for number, name in enumerate(sorted(set(slugs)))}
    measures = np.fromiter(map(names.__getitem__, slugs), np.int64, len(slugs))
    found = _rows(
        accounts,
        [*names, HEALTH],
        np.concatenate((values["account_id"], health["account_id"])),
        np.concatenate((measures, np.full(len(health["account_id"]), len(names)))),
        np.concatenate((values["value"], health["health_score"])),
    )
    connection.execute(_FORGET, given)
    if rows := list(found):
        connection.execute(sa.insert(_groups), rows)


def without_peers(connection: sa.Connection, customer_ids: Sequence[int]) -> list[int]:
    """Returns those of the customers for whom nothing is kept: whose newest load is older than peers are."""
    kept = set(connection.scalars(_KEPT, {"customers": customer_ids}))
    return [customer for customer in customer_ids if customer not in kept]


def peers_of(connection: sa.Connection, customer: str, industry: str | None) -> dict[str, PeerGroup]:
    """Returns the peers of the customer's accounts of `industry` by measure: each KPI, and HEALTH. A measure
    of which too few accounts have a value is not among them."""
    wanted = {_EVERYBODY, industry or _EVERYBODY}
    query = sa.select(_groups).where(
        _groups.c.customer_id == get_customer(connection, customer).id, _groups.c.industry.in_(wanted)
    )
    found = {row["industry"]: _unpacked(row) for row in connection.execute(query).mappings()}
    everybody = found.pop(_EVERYBODY, {})
    return peers_by_measure(found.get(industry or _EVERYBODY, {}), everybody)


@dataclass(frozen=True, slots=True)
class PeerPlace:
    """An account among its `accounts` peers of `industry` (None: all accounts): their median, and the
    percentile of its value, 100 being best; None if it has no value."""

    industry: str | None
    accounts: int
    median: float
    percentile: float | None


def peer_places(
    connection: sa.Connection,
    customer: str,
    summary: AccountSummary,
    definitions: Mapping[str, KpiDefinition],
) -> dict[str, PeerPlace]:
    """Returns where the account stands among its peers, by KPI, and for HEALTH."""
    places: dict[str, PeerPlace] = {}
    for measure, group in peers_of(connection, customer, summary.account.industry).items():
        kpi, definition = summary.kpis.get(measure), definitions.get(measure)
        value = summary.health_score if measure == HEALTH else kpi.value if kpi else None
        direction: Direction = definition.direction if definition else "high"
        percentile = None if value is None else group.percentile(value, direction)
        places[measure] = PeerPlace(group.industry, group.accounts, group.median, percentile)
    return places


def _rows(
    accounts: Mapping[str, Array], names: list[str], account_ids: Array, measures: Array, values: Array
) -> Iterator[dict[str, Any]]:
    """Yields the rows of all groups. A group's number is made of customer, industry and measure; the first
    industry of each customer stands for all accounts."""
    ids = accounts["id"]
    place = np.searchsorted(ids, account_ids)
    known = place < len(ids)
    known[known] = ids[place[known]] == account_ids[known]
    place, measures, values = place[known], measures[known], values[known]
    customers, customer = np.unique(accounts["customer_id"], return_inverse=True)
    texts = np.array([text or _EVERYBODY for text in accounts["industry"]], dtype=str)
    industries, industry = np.unique(np.append(texts, _EVERYBODY), return_inverse=True)
    # The empty text sorts first, so that its number is 0.
    owner = customer[place] * len(industries)
    of_industry = industry[:-1][place]
    has_one = of_industry > 0
    groups = np.concatenate((owner, (owner + of_industry)[has_one])) * len(names)
    groups += np.concatenate((measures, measures[has_one]))
    found = grouped_points(groups, np.concatenate((values, values[has_one])))
    for number, members in groupby(found, lambda one: one[0] // len(names)):
        yield {
            "customer_id": int(customers[number // len(industries)]),
            "industry": str(industries[number % len(industries)]),
            **_packed((names[group % len(names)], count, points) for group, count, points in members),
        }


def _packed(members: Iterable[tuple[str, int, Array]]) -> dict[str, Any]:
    measures, counts, points = zip(*members, strict=True)
    return {
        "measures": list(measures),
        "accounts": np.array(counts, "<i4").tobytes(),
        "points": np.concatenate(points).astype("<f8").tobytes(),
    }


def _unpacked(row: Mapping[Any, Any]) -> dict[str, PeerGroup]:
    counts = np.frombuffer(row["accounts"], "<i4")
    ends = np.cumsum(np.minimum(counts, MOST_POINTS))
    parts = np.split(np.frombuffer(row["points"], "<f8"), ends[:-1])
    return {
        measure: PeerGroup(row["industry"] or None, count, points)
        for measure, count, points in zip(row["measures"], counts.tolist(), parts, strict=True)
    }
