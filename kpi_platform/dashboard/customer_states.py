"""How each customer does, in one row."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer, list_customers
from kpi_platform.dashboard.source_states import newest_failure
from kpi_platform.dashboard.uploads import newest_uploads
from kpi_platform.domain.sources import Source
from kpi_platform.domain.sync_ends import SyncEnds


@dataclass(frozen=True, slots=True)
class CustomerState:
    """`syncs` has the sources of which anything is known. `upload` is the newest one's version. `findings`
    counts the newest checks that did not pass, `in_review` the accounts that wait for a person to match them,
    `alerts` the open ones; `is_held`: a load waits for somebody's decision."""

    customer: str
    name: str
    syncs: Mapping[Source, SyncEnds]
    upload: int | None
    loaded_at: datetime | None
    in_review: int
    findings: int
    alerts: int
    is_held: bool


def customer_states(connection: sa.Connection, customer: str | None = None) -> list[CustomerState]:
    """Returns the state of one customer, or of all active ones, ordered by key. The number of statements does
    not grow with the customers."""
    wanted = list_customers(connection) if customer is None else [get_customer(connection, customer)]
    states, checks = tables.source_states, tables.check_results
    matches, alerts, holds = tables.account_matches, tables.alerts, tables.load_holds
    syncs: dict[int, dict[Source, SyncEnds]] = {}
    for row in connection.execute(sa.select(states)):
        failed = newest_failure(row.last_failed_at, row.unreached_at)
        syncs.setdefault(row.customer_id, {})[row.source] = SyncEnds(row.last_succeeded_at, failed)
    loaded = newest_uploads(connection, [one.id for one in wanted])
    findings: Counter[int] = Counter()
    for row in connection.execute(sa.select(checks.c.customer_id, checks.c.findings)):
        findings[row.customer_id] += len(row.findings)
    in_review = _counts(connection, matches, matches.c.decision == "review")
    is_open = _counts(connection, alerts, alerts.c.cleared_at.is_(None))
    held = _counts(connection, holds, sa.and_(holds.c.ended_at.is_(None), holds.c.released_at.is_(None)))
    return [
        CustomerState(
            customer=one.key,
            name=one.name,
            syncs=syncs.get(one.id, {}),
            upload=loaded[one.id].version if one.id in loaded else None,
            loaded_at=loaded[one.id].finished_at if one.id in loaded else None,
            in_review=in_review[one.id],
            findings=findings[one.id],
            alerts=is_open[one.id],
            is_held=held[one.id] > 0,
        )
        for one in sorted(wanted, key=lambda one: one.key)
    ]


def _counts(connection: sa.Connection, table: sa.Table, which: sa.ColumnElement[bool]) -> Counter[int]:
    query = sa.select(table.c.customer_id, sa.func.count()).where(which).group_by(table.c.customer_id)
    return Counter(dict(map(tuple, connection.execute(query))))
