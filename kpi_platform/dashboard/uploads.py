"""Uploads: the numbered changes of one customer's dashboard."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.domain.errors import NotFound

BASELINE = 0
"""The version under which `baseline` keeps the accounts that no load brought. Uploads count from 1."""

COUNTS = (
    "kpis_inserted",
    "kpis_updated",
    "kpis_unchanged",
    "kpis_retired",
    "kpis_history_only",
    "kpis_skipped",
    "accounts_created",
    "accounts_updated",
    "accounts_retired",
    "accounts_skipped",
    "sent_to_review",
)


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload. `current_as_of` is, by source, the `as_of` of the newest values that the dashboard showed
    after it; a value that a load found unchanged is confirmed at that time. `taken_back` uploads no longer
    count for what is shown. A roll-back took back `took_back` and all after it."""

    version: int
    kind: Literal["load", "rollback"]
    status: Literal["applied", "taken_back"]
    as_of: datetime
    current_as_of: dict[str, str]
    update_mode: Literal["upsert", "replace"]
    data_source: Literal["salesforce", "servicenow", "combined"]
    settings_version: int | None
    run_id: str | None
    uploaded_by: str
    took_back: int | None
    kpis_inserted: int
    kpis_updated: int
    kpis_unchanged: int
    kpis_retired: int
    kpis_history_only: int
    kpis_skipped: int
    accounts_created: int
    accounts_updated: int
    accounts_retired: int
    accounts_skipped: int
    sent_to_review: int
    notes: list[str]
    fingerprint: str | None
    started_at: datetime
    finished_at: datetime

    def newest_as_of(self, source: str) -> datetime | None:
        """When the values of `source` were last confirmed; None where none was loaded."""
        text = self.current_as_of.get(source)
        return datetime.fromisoformat(text) if text else None

    def confirmed_as_of(self, source: str, value_as_of: datetime) -> datetime:
        """The instant that a shown value stands for: its own, or that of a later load that confirmed it."""
        return max(self.newest_as_of(source) or value_as_of, value_as_of)


_table = tables.kpi_uploads
_NAMES = tuple(field.name for field in fields(Upload))
_MINE = sa.select(*(_table.c[name] for name in _NAMES)).where(
    _table.c.customer_id == sa.bindparam("customer"), _table.c.version > BASELINE
)
_NEWEST_FIRST = _MINE.order_by(_table.c.version.desc())
_NEWEST = _NEWEST_FIRST.limit(1)
_KEY = sa.and_(_table.c.customer_id == sa.bindparam("customer"), _table.c.version == sa.bindparam("upload"))
_INSERT, _UPDATE, _DELETE = sa.insert(_table), sa.update(_table).where(_KEY), sa.delete(_table).where(_KEY)
_LOCK = sa.select(
    sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(sa.bindparam("name", type_=sa.Text), 0))
)


def list_uploads(
    connection: sa.Connection, customer: str, *, limit: int | None = None, offset: int = 0
) -> list[Upload]:
    """The customer's uploads, newest first."""
    query = _NEWEST_FIRST.limit(limit).offset(offset)
    rows = connection.execute(query, {"customer": get_customer(connection, customer).id}).mappings()
    return [Upload(**row) for row in rows]


def get_upload(connection: sa.Connection, customer: str, version: int) -> Upload:
    """One upload, or NotFound."""
    query = _MINE.where(_table.c.version == version)
    found = connection.execute(query, {"customer": get_customer(connection, customer).id})
    row = found.mappings().one_or_none()
    if row is None:
        raise NotFound(
            f"Customer '{customer}' has no upload {version}.",
            next_step=f"List them: kpi-platform uploads list {customer}",
        )
    return Upload(**row)


def newest_upload(connection: sa.Connection, customer_id: int) -> Upload | None:
    """The customer's last upload, or None."""
    row = connection.execute(_NEWEST, {"customer": customer_id}).mappings().one_or_none()
    return Upload(**row) if row else None


def lock_uploads(connection: sa.Connection, customer_id: int) -> None:
    """Until the transaction ends, no other upload of this customer begins. (A SQLite transaction is the only
    writer anyway.)"""
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK, {"name": f"kpi_uploads {customer_id}"})


def open_upload(connection: sa.Connection, customer_id: int, version: int, **values: Any) -> None:
    """Writes the upload's row, which its history rows refer to; the counts follow with `close_upload`."""
    now = datetime.now(UTC)
    row = {
        "customer_id": customer_id,
        "version": version,
        "status": "applied",
        "notes": [],
        "started_at": now,
        "finished_at": now,
        **dict.fromkeys(COUNTS, 0),
        **values,
    }
    connection.execute(_INSERT, row)


def close_upload(
    connection: sa.Connection,
    customer_id: int,
    version: int,
    counts: Mapping[str, int],
    notes: list[str],
    fingerprint: str | None,
    profile: Mapping[str, Any] | None = None,
) -> None:
    """Completes the row that `open_upload` wrote. `profile` is a document of `domain.load_guard`."""
    values = {
        **_key(customer_id, version),
        **counts,
        "notes": notes,
        "fingerprint": fingerprint,
        "profile": profile,
        "finished_at": datetime.now(UTC),
    }
    connection.execute(_UPDATE, values)


def discard_upload(connection: sa.Connection, customer_id: int, version: int) -> None:
    """Takes the row away again: the upload turned out to change nothing at all."""
    connection.execute(_DELETE, _key(customer_id, version))


def note_fingerprint(connection: sa.Connection, customer_id: int, version: int, fingerprint: str) -> None:
    """Notes that what `fingerprint` stands for is what the dashboard shows since `version`."""
    connection.execute(_UPDATE, {**_key(customer_id, version), "fingerprint": fingerprint})


def _key(customer_id: int, version: int) -> dict[str, int]:
    return {"customer": customer_id, "upload": version}
