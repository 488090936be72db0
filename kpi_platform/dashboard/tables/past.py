"""The weeks before customers' first loads."""

import sqlalchemy as sa

from kpi_platform.dashboard.tables.schema import customer_id_column, metadata, one_of
from kpi_platform.dashboard.types import Slug, UtcDateTime

past_weeks = sa.Table(
    "past_weeks",
    metadata,
    customer_id_column(primary_key=True),
    sa.Column("as_of", UtcDateTime, primary_key=True),
    sa.Column("state", Slug, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False, comment="When the state became what it is."),
    one_of("state", "waiting", "running", "loaded", "failed", "cancelled"),
    sa.Index(None, "state"),
    comment="The instants before a customer's first load that are computed in the background.",
)
