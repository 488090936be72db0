"""How each customer does, in one row."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer, list_customers
from kpi_platform.domain.sources import Source


@dataclass(frozen=True, slots=True)
class SourceEnds:
    """When the syncs of a source ended last: with success, and without."""

    succeeded_at: datetime | None
    failed_at: datetime | None

    @property
    def has_failed(self) -> bool:
        """Whether the newest sync ended without success."""
        return self.failed_at is not None and (
            self.succeeded_at is None or self.failed_at > self.succeeded_at
        )


@dataclass(frozen=True, slots=True)
class CustomerState:
    """`syncs` has the sources of which anything is known. `upload` is the newest one's version. `findings`
    counts the newest checks that did not pass, `in_review` the accounts that wait for a person to match them,
    `alerts` the open ones; `is_held`: a load waits for somebody's decision."""

    customer: str
    name: str
    syncs: Mapping[Source, SourceEnds]
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
    states, uploads, checks = tables.source_states, tables.kpi_uploads, tables.check_results
    matches, alerts, holds = tables.account_matches, tables.alerts, tables.load_holds
    syncs: dict[int, dict[Source, SourceEnds]] = {}
    for row in connection.execute(sa.select(states)):
        failed = max((at for at in (row.last_failed_at, row.unreached_at) if at), default=None)
        syncs.setdefault(row.customer_id, {})[row.source] = SourceEnds(row.last_succeeded_at, failed)
    newest = sa.select(uploads.c.customer_id, sa.func.max(uploads.c.version).label("version"))
    last = newest.group_by(uploads.c.customer_id).subquery()
    is_last = sa.and_(uploads.c.customer_id == last.c.customer_id, uploads.c.version == last.c.version)
    columns = (uploads.c.customer_id, uploads.c.version, uploads.c.finished_at)
    loaded = {row.customer_id: row for row in connection.execute(sa.select(*columns).join(last, is_last))}
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
