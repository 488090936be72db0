"""Figures of the platform's operation: /metrics shows them to Prometheus, `kpi-platform status` to a
person."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.alerts import StoredAlert
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.fivetran_account import fivetran_account
from kpi_platform.dashboard.fivetran_calls import calls_this_hour
from kpi_platform.domain.fivetran_budget import CALLS_PER_HOUR

Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A gauge. `values` maps a tuple of label values to a number, in the unit that the name ends in; no label
    names a customer."""

    name: str
    text: str
    labels: tuple[str, ...]
    values: Mapping[Any, float]


@dataclass(frozen=True, slots=True)
class _Scope:
    """One customer's rows, or those of all active ones."""

    connection: sa.Connection
    customer_id: int | None
    now: datetime
    calls_per_hour: int

    def rows(self, query: sa.Select[Any], table: sa.Table) -> list[sa.Row[Any]]:
        if self.customer_id is not None:
            query = query.where(table.c.customer_id == self.customer_id)
        else:
            active = sa.select(tables.customers.c.id).where(tables.customers.c.removed_at.is_(None))
            query = query.where(table.c.customer_id.in_(active))
        return list(self.connection.execute(query))

    def ages(self, *moments: datetime) -> Iterator[tuple[str, float]]:
        if moments:
            yield "newest", (self.now - max(moments)).total_seconds()
            yield "oldest", (self.now - min(moments)).total_seconds()


def figures(
    connection: sa.Connection,
    customer: str | None = None,
    *,
    now: datetime | None = None,
    calls_per_hour: int = CALLS_PER_HOUR,
) -> list[Figure]:
    """Returns every figure, of one customer or of all active ones; one without any value has none. The number
    of statements does not grow with the customers. `now` is what ages are counted to; `calls_per_hour` is
    Fivetran's limit while none of its answers has said it."""
    customer_id = get_customer(connection, customer).id if customer is not None else None
    scope = _Scope(connection, customer_id, now or datetime.now(UTC), calls_per_hour)
    return [figure for part in _PARTS for figure in part(scope)]


def alerts_everywhere(connection: sa.Connection) -> list[tuple[str, StoredAlert]]:
    """Customer and open alert, the oldest first, of all active customers."""
    alerts, customers = tables.alerts, tables.customers
    names = [field.name for field in fields(StoredAlert)]
    query = (
        sa.select(customers.c.key, *(alerts.c[name] for name in names))
        .join_from(alerts, customers)
        .where(alerts.c.cleared_at.is_(None), customers.c.removed_at.is_(None))
        .order_by(alerts.c.since, customers.c.key)
    )
    return [(row.pop("key"), StoredAlert(**row)) for row in map(dict, connection.execute(query).mappings())]


def _customers(scope: _Scope) -> Iterator[Figure]:
    if scope.customer_id is None:
        active = sa.select(sa.func.count()).where(tables.customers.c.removed_at.is_(None))
        count = scope.connection.execute(active).scalar_one()
        yield Figure("customers", "Active customers.", (), {(): count})


def _syncs(scope: _Scope) -> Iterator[Figure]:
    states, claims = tables.source_states, tables.settings_claims
    # A connection that the settings no longer name ages for ever, and is nobody's concern.
    named = sa.select(claims.c.name).where(
        claims.c.kind == "connection", claims.c.customer_id == states.c.customer_id, claims.c.in_use
    )
    query = sa.select(states.c.source, states.c.last_succeeded_at, states.c.last_failed_at).where(
        sa.or_(
            states.c.connection_id.is_(None),
            sa.func.lower(states.c.connection_id).in_(named.correlate(states)),
        )
    )
    succeeded: dict[str, list[datetime]] = defaultdict(list)
    condition: Counter[Labels] = Counter()
    for source, success, failure in scope.rows(query, states):
        failed = failure is not None and (success is None or failure > success)
        condition[source, "failed" if failed else "succeeded" if success else "never"] += 1
        if success is not None:
            succeeded[source].append(success)
    ages = {
        (source, which): age
        for source, moments in sorted(succeeded.items())
        for which, age in scope.ages(*moments)
    }
    yield Figure("sync_age_seconds", "Time since the last sync that succeeded.", ("source", "which"), ages)
    yield Figure("sources", "Sources, by how their newest sync ended.", ("source", "ended"), condition)


def _uploads(scope: _Scope) -> Iterator[Figure]:
    t = tables.kpi_uploads
    newest = sa.select(t.c.customer_id, sa.func.max(t.c.version).label("version")).group_by(t.c.customer_id)
    last = newest.subquery()
    query = sa.select(t).join_from(
        t, last, sa.and_(t.c.customer_id == last.c.customer_id, t.c.version == last.c.version)
    )
    rows = scope.rows(query, t)
    took = [(row.finished_at - row.started_at).total_seconds() for row in rows]
    yield Figure(
        "uploads", "Uploads ever, roll-backs among them.", (), {(): sum(row.version for row in rows)}
    )
    ages = {(which,): age for which, age in scope.ages(*(row.finished_at for row in rows))}
    yield Figure("upload_age_seconds", "Time since a customer's newest upload.", ("which",), ages)
    longest = {("longest",): max(took), ("mean",): sum(took) / len(took)} if took else {}
    yield Figure("upload_seconds", "How long customers' newest uploads took.", ("which",), longest)
    for what in ("kpis", "accounts"):
        prefix = f"{what}_"
        changes = [column.name for column in t.c if column.name.startswith(prefix)]
        counts = {(name.removeprefix(prefix),): sum(getattr(row, name) for row in rows) for name in changes}
        yield Figure(f"upload_{what}", f"What customers' newest uploads did to {what}.", ("change",), counts)


def _waiting(scope: _Scope) -> Iterator[Figure]:
    holds, matches, alerts = tables.load_holds, tables.account_matches, tables.alerts
    held = sa.select(sa.func.count()).where(holds.c.ended_at.is_(None), holds.c.released_at.is_(None))
    yield Figure(
        "loads_held", "Loads that wait for somebody's decision.", (), {(): scope.rows(held, holds)[0][0]}
    )
    review = sa.select(sa.func.count()).where(matches.c.decision == "review")
    yield Figure(
        "matches_in_review", "Accounts that wait for a person to match them.", (),
        {(): scope.rows(review, matches)[0][0]},
    )  # fmt: skip
    opened = (
        sa.select(alerts.c.kind, sa.func.count()).where(alerts.c.cleared_at.is_(None)).group_by(alerts.c.kind)
    )
    kinds = {(kind,): count for kind, count in scope.rows(opened, alerts)}
    yield Figure("alerts_open", "Alerts that are open.", ("kind",), kinds)


def _checks(scope: _Scope) -> Iterator[Figure]:
    t = tables.check_results
    count: Counter[Labels] = Counter()
    for suite, findings in scope.rows(sa.select(t.c.suite, t.c.findings), t):
        for finding in findings:
            count[suite, finding["outcome"]] += 1
    yield Figure(
        "check_findings", "Checks that did not pass, by suite and outcome.", ("suite", "outcome"), count
    )


def _requests(scope: _Scope) -> Iterator[Figure]:
    t = tables.sync_requests
    states = scope.rows(sa.select(t.c.state, sa.func.count()).group_by(t.c.state), t)
    yield Figure("sync_requests", "Sync requests by state.", ("state",), {(one,): n for one, n in states})
    waiting = scope.rows(sa.select(sa.func.min(t.c.requested_at)).where(t.c.state == "queued"), t)[0][0]
    age = {(): (scope.now - waiting).total_seconds()} if waiting is not None else {}
    yield Figure("sync_request_wait_seconds", "How long the oldest queued sync request waits.", (), age)


def _webhooks(scope: _Scope) -> Iterator[Figure]:
    if scope.customer_id is None:
        newest = sa.select(sa.func.max(tables.fivetran_events.c.received_at))
        at = scope.connection.execute(newest).scalar_one()
        age = {(): (scope.now - at).total_seconds()} if at is not None else {}
        yield Figure("webhook_age_seconds", "Time since Fivetran's last webhook.", (), age)


def _calls(scope: _Scope) -> Iterator[Figure]:
    if scope.customer_id is None:
        calls = calls_this_hour(scope.connection, scope.now)
        account = fivetran_account(scope.connection)
        limit = account.limit(scope.calls_per_hour)
        left = 0 if account.is_blocked(scope.now) else max(0, limit - calls)
        counts = {("made",): calls, ("left",): left, ("limit",): limit}
        yield Figure("fivetran_calls", "Calls of Fivetran's API in this hour.", ("which",), counts)


_PARTS: tuple[Callable[[_Scope], Iterator[Figure]], ...] = (
    _customers,
    _syncs,
    _uploads,
    _waiting,
    _checks,
    _requests,
    _webhooks,
    _calls,
)
