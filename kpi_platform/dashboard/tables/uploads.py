"""Uploads, and loads that were held back."""

import sqlalchemy as sa

from kpi_platform.dashboard.tables.schema import customer_id_column, metadata, one_of
from kpi_platform.dashboard.types import JSON, Slug, UtcDateTime

kpi_uploads = sa.Table(
    "kpi_uploads",
    metadata,
    customer_id_column(primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", Slug, nullable=False),
    sa.Column("status", Slug, nullable=False),
    sa.Column("as_of", UtcDateTime, nullable=False),
    sa.Column(
        "current_as_of", JSON, nullable=False, comment="Source: as_of of its newest load, after this one."
    ),
    sa.Column("update_mode", Slug, nullable=False),
    sa.Column("data_source", Slug, nullable=False),
    sa.Column("settings_version", sa.Integer),
    sa.Column("run_id", sa.Text),
    sa.Column("uploaded_by", sa.Text, nullable=False),
    sa.Column(
        "took_back", sa.Integer, comment="Roll-backs: the first upload taken back; all after it are too."
    ),
    sa.Column("kpis_inserted", sa.Integer, nullable=False),
    sa.Column("kpis_updated", sa.Integer, nullable=False),
    sa.Column("kpis_unchanged", sa.Integer, nullable=False),
    sa.Column("kpis_retired", sa.Integer, nullable=False),
    sa.Column("kpis_history_only", sa.Integer, nullable=False),
    sa.Column("kpis_skipped", sa.Integer, nullable=False),
    sa.Column("accounts_created", sa.Integer, nullable=False),
    sa.Column("accounts_updated", sa.Integer, nullable=False),
    sa.Column("accounts_retired", sa.Integer, nullable=False),
    sa.Column("accounts_skipped", sa.Integer, nullable=False),
    sa.Column("sent_to_review", sa.Integer, nullable=False),
    sa.Column("notes", JSON, nullable=False, comment="What was skipped and why: the first hundred."),
    sa.Column(
        "fingerprint", sa.Text, comment="Of what was loaded, without as_of; equal means nothing to do."
    ),
    sa.Column("profile", JSON, comment="What came in, in figures: what the next load is compared with."),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("finished_at", UtcDateTime, nullable=False),
    one_of("kind", "load", "rollback", "baseline"),
    one_of("status", "applied", "taken_back"),
    one_of("update_mode", "upsert", "replace"),
)

load_holds = sa.Table(
    "load_holds",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    customer_id_column(),
    sa.Column("as_of", UtcDateTime, nullable=False),
    sa.Column("run_id", sa.Text),
    sa.Column("reasons", JSON, nullable=False),
    sa.Column("profile", JSON, nullable=False),
    sa.Column("held_at", UtcDateTime, nullable=False),
    sa.Column("released_at", UtcDateTime),
    sa.Column("released_by", sa.Text),
    sa.Column("ended_at", UtcDateTime),
    sa.Index(
        "uq_load_holds_open",
        "customer_id",
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    ),
    comment="Loads that would have done harm: at most one of a customer waits for somebody's decision.",
)
