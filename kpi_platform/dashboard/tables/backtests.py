"""Back-tests of the health score, and their reports."""

import sqlalchemy as sa

from kpi_platform.dashboard.tables.schema import customer_id_column, key_column, metadata, one_of
from kpi_platform.dashboard.types import JSON, Slug, UtcDateTime

backtests = sa.Table(
    "backtests",
    metadata,
    key_column("id", Slug),
    customer_id_column(),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("asked_at", UtcDateTime, nullable=False),
    sa.Column("as_of", UtcDateTime, nullable=False, comment="Outcomes at or after it do not exist."),
    sa.Column("first_instant", UtcDateTime, nullable=False),
    sa.Column("last_instant", UtcDateTime, nullable=False),
    sa.Column("every", Slug, nullable=False, comment="Such as 1 month."),
    sa.Column("horizon_days", sa.Integer, nullable=False),
    sa.Column("gap_days", sa.Integer, nullable=False),
    sa.Column("settings_version", sa.Integer, nullable=False, comment="0: none was saved."),
    sa.Column("state", Slug, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False, comment="When a process last worked on it."),
    sa.Column("attempts", sa.Integer, nullable=False, comment="Processes that have begun it."),
    sa.Column("done", sa.Integer, nullable=False, comment="Instants."),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("ended_at", UtcDateTime),
    sa.Column("auc", sa.Float, comment="Of the report."),
    sa.Column("report", JSON),
    sa.Column("error", sa.Text),
    one_of("state", "running", "done", "failed", "cancelled"),
    sa.Index(None, "customer_id"),
    comment="Back-tests: what was asked, how far it is, and the report.",
)
