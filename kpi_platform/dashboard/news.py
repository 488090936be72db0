"""News since the last look, as far as the dashboard database knows them: syncs and requests for them, loads,
alerts."""

from collections.abc import Hashable, Iterable, Iterator
from typing import TYPE_CHECKING

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.figures import alerts_everywhere
from kpi_platform.domain.news import News
from kpi_platform.domain.sources import SOURCE_SYSTEMS

if TYPE_CHECKING:
    from kpi_platform.dashboard.alerts import StoredAlert

_CHANGES = (
    ("kpis_inserted", "new values"),
    ("kpis_updated", "changed values"),
    ("accounts_created", "new accounts"),
    ("accounts_retired", "accounts gone"),
    ("sent_to_review", "accounts to review"),
)


class DashboardNews:
    """Looks at the newest rows; the first look only takes note of what is there. On SQLite a look costs
    nothing while nobody writes."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._known: dict[str, set[Hashable]] | None = None
        self._version: object = None
        # The version that SQLite gives is one connection's: how often others have written.
        self._watch = engine.raw_connection() if engine.dialect.name == "sqlite" else None

    def close(self) -> None:
        if self._watch is not None:
            self._watch.close()

    def new(self) -> list[News]:
        """Returns what has happened since the last call."""
        if self._watch is not None:
            cursor = self._watch.cursor()
            version = cursor.execute("PRAGMA data_version").fetchone()
            cursor.close()
            if version == self._version:
                return []
            self._version = version
        with reading(self._engine) as connection:
            alerts = alerts_everywhere(connection)
            found = {
                "requests": dict(_requests(connection)),
                "syncs": dict(_syncs(connection, alerts)),
                "uploads": dict(_uploads(connection, self._known["uploads"] if self._known else None)),
                "alerts": dict(_alerts(alerts)),
            }
        before, self._known = self._known, {kind: set(of) for kind, of in found.items()}
        if before is None:
            return []
        self._known["uploads"] |= before["uploads"]
        new = (of[key] for kind, of in found.items() for key in of if key not in before[kind])
        return [news for news in new if news is not None]


Keyed = Iterator[tuple[Hashable, News | None]]
"""What identifies a piece of news, so that it is given once; None is no news, only taken note of."""


def _requests(connection: sa.Connection) -> Keyed:
    t, customers = tables.sync_requests, tables.customers
    query = sa.select(t.c.id, t.c.requested_by, customers.c.key).join_from(t, customers)
    for row in connection.execute(query.where(t.c.state == "queued").order_by(t.c.requested_at)):
        yield row.id, News(f"{row.requested_by} asks for a sync", row.key)


def _syncs(connection: sa.Connection, alerts: "Iterable[tuple[str, StoredAlert]]") -> Keyed:
    reasons = {(key, alert.subject): alert.text for key, alert in alerts if alert.kind == "sync_failed"}
    t, customers = tables.source_states, tables.customers
    query = (
        sa.select(customers.c.key, t.c.source, t.c.last_succeeded_at, t.c.last_failed_at, t.c.unreached_at)
        .join_from(t, customers)
        .where(customers.c.removed_at.is_(None))
        .order_by(customers.c.key)
    )
    for row in connection.execute(query):
        title = SOURCE_SYSTEMS[row.source].title if row.source in SOURCE_SYSTEMS else row.source
        success = News(f"{title} is synced", row.key) if row.last_succeeded_at else None
        yield (row.key, row.source, "succeeded", row.last_succeeded_at), success
        for failed in {row.last_failed_at, row.unreached_at} - {None}:
            why = reasons.get((row.key, row.source), "")
            failure = News(f"{title}: the sync failed", row.key, why, is_bad=True)
            yield (row.key, row.source, "failed", failed), failure


def _uploads(connection: sa.Connection, known: set[Hashable] | None) -> Keyed:
    t, customers = tables.kpi_uploads, tables.customers
    newest = sa.select(t.c.customer_id, sa.func.max(t.c.version).label("version")).group_by(t.c.customer_id)
    last = newest.subquery()
    both = sa.and_(t.c.customer_id == last.c.customer_id, t.c.version == last.c.version)
    query = sa.select(t, customers.c.key).join_from(t, last, both).join(customers)
    for row in connection.execute(query.order_by(customers.c.key)).mappings():
        key = row["key"], row["version"]
        if known is None or key in known:
            yield key, None
        elif row["kind"] == "rollback":
            yield key, News(f"{row['uploaded_by']} took back upload {row['took_back']}", row["key"])
        else:
            yield key, News("loaded", row["key"], f"Upload {row['version']}: {_changes(row)}.")


def _changes(row: "sa.RowMapping") -> str:
    counts = [f"{what}: {row[name]:,}" for name, what in _CHANGES if row[name]]
    return ", ".join(counts) or "nothing is new"


def _alerts(alerts: "Iterable[tuple[str, StoredAlert]]") -> Keyed:
    for key, alert in alerts:
        news = News("alert", key, f"{alert.text} {alert.next_step}", is_bad=True)
        # A sync that fails is told as such.
        yield (key, alert.kind, alert.subject, alert.since), news if alert.kind != "sync_failed" else None
