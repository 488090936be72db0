"""The state of the sources, requests for syncs, and messages of Fivetran."""

import sqlalchemy as sa

from kpi_platform.dashboard.tables.schema import customer_id_column, key_column, metadata, one_of
from kpi_platform.dashboard.types import JSON, Slug, UtcDateTime

source_states = sa.Table(
    "source_states",
    metadata,
    customer_id_column(primary_key=True),
    key_column("source", Slug),
    sa.Column("connection_id", sa.Text),
    sa.Column("last_succeeded_at", UtcDateTime),
    sa.Column("last_failed_at", UtcDateTime),
    sa.Column("last_attempt_at", UtcDateTime),
    sa.Column("sync_state", Slug),
    sa.Column("detail", JSON, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("put_off_until", UtcDateTime),
    sa.Column("unreached_at", UtcDateTime),
    sa.Column("first_sync_since", UtcDateTime),
)

sync_requests = sa.Table(
    "sync_requests",
    metadata,
    key_column("id", Slug),
    customer_id_column(),
    sa.Column("data_source", Slug, nullable=False),
    sa.Column("sync_config", JSON, nullable=False),
    sa.Column("dry_run", sa.Boolean, nullable=False),
    sa.Column("state", Slug, nullable=False),
    sa.Column("idempotency_key", sa.Text),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("requested_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("finished_at", UtcDateTime),
    sa.Column("progress", JSON, nullable=False),
    sa.Column("results", JSON, nullable=False),
    sa.Column("run_ids", JSON, nullable=False),
    one_of(
        "state", "queued", "syncing", "transforming", "matching", "loading", "done", "failed", "cancelled"
    ),
    sa.Index(None, "customer_id", "requested_at"),
    sa.Index(None, "customer_id", "idempotency_key", unique=True),
    sa.Index(
        "uq_sync_requests_queued",
        "customer_id",
        "data_source",
        unique=True,
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    ),
    sa.Index(None, "state"),
)

fivetran_calls = sa.Table(
    "fivetran_calls",
    metadata,
    sa.Column("hour", UtcDateTime, primary_key=True),
    sa.Column("calls", sa.Integer, nullable=False),
    comment="Calls of Fivetran's API by hour, of all processes: what the budget is planned with.",
)

fivetran_account = sa.Table(
    "fivetran_account",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("hourly_limit", sa.Integer),
    sa.Column("blocked_until", UtcDateTime),
    sa.Column("webhook", JSON, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    comment="What Fivetran says of the account, in one row: its limit of calls, and our webhook.",
)

fivetran_events = sa.Table(
    "fivetran_events",
    metadata,
    key_column("sync_id", Slug),
    key_column("event", Slug),
    sa.Column("connection_id", sa.Text, nullable=False),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Index(None, "received_at"),
    comment="Webhooks that have arrived: one is taken once, and hastens the look at Fivetran.",
)
