"""Previews of changed settings, computed in the background."""

import sqlalchemy as sa

from kpi_platform.dashboard.tables.schema import customer_id_column, key_column, metadata, one_of
from kpi_platform.dashboard.types import JSON, Slug, UtcDateTime

previews = sa.Table(
    "previews",
    metadata,
    key_column("id", Slug),
    customer_id_column(),
    sa.Column("kind", Slug, nullable=False),
    sa.Column("subject", Slug, nullable=False, comment="The section, or the custom KPI; new: one to be."),
    sa.Column("state", Slug, nullable=False),
    sa.Column("asked_at", UtcDateTime, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False, comment="When the server last worked on it."),
    sa.Column("done", sa.Integer, nullable=False, comment="Models of dbt."),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("answer", JSON),
    sa.Column("error", sa.Text),
    one_of("kind", "settings", "custom_kpi"),
    one_of("state", "running", "done", "failed", "cancelled"),
    sa.Index(None, "customer_id"),
    sa.Index(None, "asked_at"),
    comment="What changed settings would do, for a day: asked for on a page, computed in the background.",
)
