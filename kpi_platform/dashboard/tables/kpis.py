"""Definitions of KPIs, their values, and the history of the values."""

import sqlalchemy as sa

from kpi_platform.dashboard.tables.schema import (
    customer_id_column,
    history_table,
    key_column,
    metadata,
    one_of,
    state_columns,
)
from kpi_platform.dashboard.types import Slug, UtcDateTime
from kpi_platform.domain.kpis import KpiStatus

_KPI_STATE = (
    ("value", sa.Float),
    ("numerator", sa.Float),
    ("denominator", sa.Float),
    ("sample_size", sa.BigInteger),
    ("unreadable_count", sa.BigInteger),
    ("left_out_count", sa.BigInteger),
    ("left_out_reason", sa.Text),
    ("window_start", UtcDateTime),
    ("window_end", UtcDateTime),
    ("status", Slug),
    ("as_of", UtcDateTime),
    ("retired_at", UtcDateTime),
)

kpi_definitions = sa.Table(
    "kpi_definitions",
    metadata,
    customer_id_column(primary_key=True),
    key_column("kpi", Slug),
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("impact", sa.Text, nullable=False),
    sa.Column("frequency", sa.Text, nullable=False),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("direction", Slug, nullable=False),
    sa.Column("source", Slug, nullable=False),
    sa.Column("window_days", sa.Integer),
    sa.Column("healthy", sa.Float),
    sa.Column("at_risk", sa.Float),
    sa.Column("formula", sa.Text, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("min_sample", sa.Integer, nullable=False, server_default="1"),
    sa.Column("basis", Slug, comment="What the KPI was measured by, if there are several."),
    one_of("direction", "high", "low"),
    comment="What a KPI's values mean for this customer, by its settings at the newest load.",
)

kpis = sa.Table(
    "kpis",
    metadata,
    key_column("customer_id", sa.Integer),
    key_column("account_id", sa.Integer),
    key_column("kpi", Slug),
    *state_columns(_KPI_STATE),
    sa.Column("upload_version", sa.Integer, nullable=False, comment="The upload that brought this value."),
    one_of("status", *KpiStatus),
    sa.CheckConstraint("(value IS NULL) = (status != 'ok' AND status != 'stale')", name="value_has_status"),
)
# Neither has a foreign key: looking for the account of each of a million values would take as long as all the
# rest of their load (docs/decisions/0004).
kpi_history = history_table(
    "kpi_history", [key_column("account_id", sa.Integer), key_column("kpi", Slug)], _KPI_STATE
)

lost_values = sa.Table(
    "lost_values",
    metadata,
    key_column("customer_id", sa.Integer),
    key_column("upload_version", sa.Integer),
    key_column("account_id", sa.Integer),
    key_column("kpi", Slug),
    sa.Column("value", sa.Float, nullable=False, comment="The value before the upload."),
    comment="Values that an upload took away: the KPI had one before it, and none after it.",
)
