"""Revenue retention of the segments of a customer's accounts, by the upload that brought it."""

import sqlalchemy as sa

from kpi_platform.dashboard.tables.schema import key_column, metadata, upload_key
from kpi_platform.dashboard.types import Slug, UtcDateTime

AMOUNTS = ("starting_arr", "expansion", "contraction", "churned", "ending_arr")
RATIOS = ("net_revenue_retention", "gross_revenue_retention")

revenue_retention = sa.Table(
    "revenue_retention",
    metadata,
    key_column("customer_id", sa.Integer),
    key_column("upload_version", sa.Integer),
    key_column("segment_kind", Slug),
    key_column("segment", sa.Text),
    key_column("arr_currency", Slug),
    sa.Column("accounts", sa.Integer, nullable=False),
    *(sa.Column(name, sa.Float, nullable=False) for name in AMOUNTS),
    *(sa.Column(name, sa.Float) for name in RATIOS),
    sa.Column("as_of", UtcDateTime, nullable=False),
    upload_key(),
    comment="A segment or currency that the source leaves empty is an empty text.",
)
