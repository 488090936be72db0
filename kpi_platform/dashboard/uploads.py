"""Uploads: the numbered changes of one customer's dashboard."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.types import among_customers
from kpi_platform.domain.errors import NotFound
from kpi_platform.domain.sources import DataSource

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
    data_source: DataSource
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

    @property
    def is_newest_data(self) -> bool:
        """Whether the dashboard showed its values when it was made. A back-fill fills the history alone."""
        shown = {datetime.fromisoformat(text) for text in self.current_as_of.values() if text}
        return self.kind == "rollback" or not shown or self.as_of in shown

    def newest_as_of(self, source: str) -> datetime | None:
        """Returns when the values of `source` were last confirmed; None if none was loaded."""
        text = self.current_as_of.get(source)
        return datetime.fromisoformat(text) if text else None


_table = tables.kpi_uploads
_NAMES = tuple(field.name for field in fields(Upload))
_MINE = sa.select(*(_table.c[name] for name in _NAMES)).where(
    _table.c.customer_id == sa.bindparam("customer"), _table.c.version > BASELINE
)
_NEWEST_FIRST = _MINE.order_by(_table.c.version.desc())
_LAST = (
    sa.select(_table.c.customer_id, sa.func.max(_table.c.version).label("version"))
    .where(among_customers(_table.c.customer_id), _table.c.version > BASELINE)
    .group_by(_table.c.customer_id)
    .subquery()
)
_NEWEST = sa.select(_table.c.customer_id, *(_table.c[name] for name in _NAMES)).join_from(
    _table, _LAST, sa.and_(_table.c.customer_id == _LAST.c.customer_id, _table.c.version == _LAST.c.version)
)
_KEY = sa.and_(_table.c.customer_id == sa.bindparam("customer"), _table.c.version == sa.bindparam("upload"))
_INSERT, _UPDATE = sa.insert(_table), sa.update(_table).where(_KEY)
_LOCK = sa.select(
    sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(sa.bindparam("name", type_=sa.Text), 0))
)


def list_uploads(
    connection: sa.Connection, customer: str, *, limit: int | None = None, offset: int = 0
) -> list[Upload]:
    """Returns the customer's uploads, newest first."""
    query = _NEWEST_FIRST.limit(limit).offset(offset)
    rows = connection.execute(query, {"customer": get_customer(connection, customer).id}).mappings()
    return [Upload(**row) for row in rows]


def get_upload(connection: sa.Connection, customer: str, version: int) -> Upload:
    """Returns one upload, or NotFound."""
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
    """Returns the customer's last upload, or None."""
    return newest_uploads(connection, [customer_id]).get(customer_id)


def newest_uploads(connection: sa.Connection, customer_ids: Sequence[int]) -> dict[int, Upload]:
    """Returns the last upload of each of these customers that have one."""
    rows = connection.execute(_NEWEST, {"customers": customer_ids}).mappings()
    return {row.pop("customer_id"): Upload(**row) for row in map(dict, rows)}


def loaded_by(connection: sa.Connection, run_id: str) -> set[str]:
    """Returns the customers whose upload this run has made."""
    customers = tables.customers
    query = sa.select(customers.c.key).join_from(_table, customers).where(_table.c.run_id == run_id)
    return set(connection.scalars(query))


def lock_uploads(connection: sa.Connection, customer_ids: Iterable[int]) -> None:
    """Lets no other upload of these customers begin until the transaction ends. (A SQLite transaction is the
    only writer anyway.)"""
    if connection.dialect.name == "postgresql":
        # Several locks are taken in one order, so that no two transactions wait for each other.
        connection.execute(_LOCK, [{"name": f"kpi_uploads {number}"} for number in sorted(customer_ids)])


def upload_row(customer_id: int, version: int, **values: Any) -> dict[str, Any]:
    """Returns a row of an upload that has changed nothing yet, for `add_uploads`."""
    now = datetime.now(UTC)
    return {
        **dict.fromkeys(column.name for column in _table.c),
        "customer_id": customer_id,
        "version": version,
        "status": "applied",
        "notes": [],
        "started_at": now,
        "finished_at": now,
        **dict.fromkeys(COUNTS, 0),
        **values,
    }


def add_uploads(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes the rows of uploads; the rows of their histories refer to them."""
    connection.execute(_INSERT, rows)


def closing(
    counts: Mapping[str, int],
    notes: list[str],
    fingerprint: str | None,
    profile: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Returns the values that complete a row when the upload is done. `profile` is a document of
    `domain.load_guard`."""
    return {**counts, "notes": notes, "fingerprint": fingerprint, "profile": profile}


def note_end(connection: sa.Connection, uploads: Iterable[tuple[int, int]]) -> None:
    """Notes that all rows of these uploads (customer, version) are written."""
    now = datetime.now(UTC)
    ended = [{"customer": one, "upload": version, "finished_at": now} for one, version in uploads]
    connection.execute(_UPDATE, ended)


def update_upload(connection: sa.Connection, customer_id: int, version: int, **values: Any) -> None:
    """Changes a row that `add_uploads` wrote."""
    connection.execute(_UPDATE, {"customer": customer_id, "upload": version, **values})
