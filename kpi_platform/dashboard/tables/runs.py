"""The runs of the orchestrator as people see them, and when it was last seen."""

import sqlalchemy as sa

from kpi_platform.dashboard.tables.schema import customer_id_column, metadata, one_of
from kpi_platform.dashboard.types import JSON, Slug, UtcDateTime

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", Slug, primary_key=True, comment="Dagster's."),
    sa.Column("job", Slug, nullable=False),
    sa.Column("started_by", Slug, nullable=False, comment="The kind of cause: a request, the schedule, ..."),
    sa.Column("person", sa.Text),
    sa.Column("request_id", Slug),
    sa.Column("state", Slug, nullable=False),
    sa.Column("queued_at", UtcDateTime, nullable=False),
    sa.Column("started_at", UtcDateTime),
    sa.Column("finished_at", UtcDateTime),
    sa.Column("place", sa.Integer, comment="In the queue, from 1."),
    sa.Column("waits_for", sa.Text, nullable=False, server_default=""),
    sa.Column("steps", JSON, nullable=False),
    sa.Column("customers", sa.Integer, nullable=False, comment="How many it covers."),
    sa.Column("changed_at", UtcDateTime, nullable=False, comment="In Dagster's storage."),
    sa.Column("cancelled_by", sa.Text),
    sa.Column("cancel_asked_at", UtcDateTime),
    one_of("state", "queued", "running", "cancelling", "done", "failed", "cancelled"),
    sa.Index(None, "state"),
    sa.Index(None, "changed_at"),
    sa.Index(None, "request_id"),
)

run_customers = sa.Table(
    "run_customers",
    metadata,
    customer_id_column(primary_key=True),
    sa.Column("run_id", Slug, sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("state", Slug, nullable=False),
    sa.Column("error", sa.Text),
    one_of("state", "queued", "running", "cancelling", "done", "failed", "cancelled"),
    sa.Index(None, "run_id"),
    comment="What became of each customer of a run.",
)

orchestrator = sa.Table(
    "orchestrator",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seen_at", UtcDateTime, nullable=False),
    comment="When the orchestrator last looked for work, in one row.",
)
