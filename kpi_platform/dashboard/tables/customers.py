"""Customers and their settings."""

import sqlalchemy as sa

from kpi_platform.dashboard.tables.schema import customer_id_column, metadata, one_of
from kpi_platform.dashboard.types import JSON, Slug, UtcDateTime

customers = sa.Table(
    "customers",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", Slug, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("removed_at", UtcDateTime),
)

customer_settings_versions = sa.Table(
    "customer_settings_versions",
    metadata,
    customer_id_column(primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("document", JSON, nullable=False),
    sa.Column("saved_by", sa.Text, nullable=False),
    sa.Column("saved_at", UtcDateTime, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("changes", JSON, nullable=False),
)

settings_claims = sa.Table(
    "settings_claims",
    metadata,
    sa.Column("kind", Slug, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
    customer_id_column(),
    one_of("kind", "connection", "schema"),
    sa.Index(None, "customer_id"),
    comment="Connections and raw schemas that a customer's current settings name; each belongs to one.",
)

allowed_secrets = sa.Table(
    "allowed_secrets",
    metadata,
    customer_id_column(primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("allowed_by", sa.Text, nullable=False),
    sa.Column("allowed_at", UtcDateTime, nullable=False),
    sa.Column(
        "confirmed",
        sa.Boolean,
        nullable=False,
        comment="False: an upgrade has listed it, and nobody has looked yet.",
    ),
    sa.Column(
        "as_before",
        sa.Boolean,
        nullable=False,
        comment="Its value may be the path of a file although the name does not say so.",
    ),
    comment="Names of secrets that a customer's settings may hold besides those that begin with KPI_SECRET_.",
)
