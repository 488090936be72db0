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

_HOLDER = sa.text("held AND kind <> 'marts'")

settings_claims = sa.Table(
    "settings_claims",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", Slug, nullable=False),
    sa.Column("place", sa.Text, nullable=False, comment="What its server says, or its spelling."),
    sa.Column("name", sa.Text, nullable=False, comment="In lower case."),
    sa.Column(
        "customer_id", sa.Integer, sa.ForeignKey("customers.id"), comment="NULL: a customer that was erased."
    ),
    sa.Column("spelled", sa.Text, nullable=False, comment="The place as the settings spell it."),
    sa.Column("held", sa.Boolean, nullable=False, comment="False: somebody else was there before."),
    sa.Column("in_use", sa.Boolean, nullable=False, comment="Whether the settings name it now."),
    sa.UniqueConstraint("kind", "place", "name", "customer_id"),
    one_of("kind", "connection", "schema", "marts"),
    sa.Index(None, "customer_id"),
    sa.Index(None, "spelled"),
    sa.Index(
        "ix_settings_claims_holder", "kind", "place", "name", unique=True,
        sqlite_where=_HOLDER, postgresql_where=_HOLDER,
    ),
    comment="Connections and raw schemas, with one holder each, and marts' schemas of customers.",
)  # fmt: skip

destination_places = sa.Table(
    "destination_places",
    metadata,
    sa.Column("spelled", sa.Text, primary_key=True),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("asked_at", UtcDateTime, nullable=False),
    comment="What the server of a place said of itself, by how settings spell the place.",
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
