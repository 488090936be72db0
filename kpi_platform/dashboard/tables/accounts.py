"""Accounts and their health, and the history of both."""

import sqlalchemy as sa

from kpi_platform.dashboard.tables.schema import (
    account_key,
    customer_id_column,
    history_table,
    key_column,
    metadata,
    state_columns,
    upload_key,
)
from kpi_platform.dashboard.types import Slug, UtcDateTime
from kpi_platform.domain.account_columns import ACCOUNT_COLUMNS
from kpi_platform.domain.health import HEALTH_CATEGORIES, HEALTH_INPUTS

# A date as text is compared by bytes.
_TYPES = {"string": sa.Text, "float": sa.Float, "date": Slug}
_ACCOUNT_STATE = (
    ("name", sa.Text),
    ("external_id", sa.Text),
    *((column.name, _TYPES[column.type]) for column in ACCOUNT_COLUMNS),
    ("retired_at", UtcDateTime),
)

CATEGORY_SCORES = tuple(f"{category}_score" for category in HEALTH_CATEGORIES)
CONTRIBUTIONS = tuple(f"{one.name}_contribution" for one in HEALTH_INPUTS)
EXTRA_METRICS = (
    "escalation_rate",
    "ticket_reopen_rate",
    "critical_issues_count",
    "resolution_time_median_hours",
    "resolution_time_p90_hours",
)
HEALTH_COLUMNS = (
    "health_score",
    "coverage",
    "crm_health_score",
    *CATEGORY_SCORES,
    *CONTRIBUTIONS,
    *EXTRA_METRICS,
)
"""In the order of `account_health`; all double precision."""

SUPPORT_METRICS = (
    "total_tickets",
    "critical_tickets",
    "sla_compliance_percent",
    "avg_first_response_hours",
    "avg_resolution_hours",
    "avg_satisfaction",
    "reopen_rate_percent",
    "escalation_rate_percent",
    "tickets_last_7_days",
    "tickets_prior_7_days",
)
"""The columns of the mart servicenow_support_metrics: the support of the last 90 days."""

_HEALTH_STATE = (
    *((name, sa.Float) for name in (*HEALTH_COLUMNS, *SUPPORT_METRICS)),
    ("sla_breaches", sa.Text),
    ("as_of", UtcDateTime),
    ("retired_at", UtcDateTime),
)

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    customer_id_column(),
    *state_columns(_ACCOUNT_STATE),
    sa.Column("upload_version", sa.Integer, comment="The upload that brought this; NULL where none did."),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("customer_id", "id"),
    sa.Index(None, "customer_id", "external_id", unique=True),
    sa.Index(None, "customer_id", "name"),
)
account_history = history_table(
    "account_history", [key_column("account_id", sa.Integer)], _ACCOUNT_STATE, upload_key()
)

account_health = sa.Table(
    "account_health",
    metadata,
    key_column("customer_id", sa.Integer),
    key_column("account_id", sa.Integer),
    *state_columns(_HEALTH_STATE),
    sa.Column("upload_version", sa.Integer, nullable=False),
    account_key(),
    sa.Index(None, "customer_id", "health_score"),
)
account_health_history = history_table(
    "account_health_history", [key_column("account_id", sa.Integer)], _HEALTH_STATE, upload_key()
)

health_weeks = sa.Table(
    "health_weeks",
    metadata,
    customer_id_column(primary_key=True),
    sa.Column("upload_version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("accounts", sa.LargeBinary, nullable=False, comment="Ids, ascending; 4 bytes each."),
    sa.Column("scores", sa.LargeBinary, nullable=False, comment="Health scores; 8 bytes each."),
    sa.Column("money", sa.LargeBinary, nullable=False, comment="8 bytes each."),
    sa.Column("is_arr", sa.Boolean, nullable=False, comment="Whether `money` is ARR; else revenue."),
    comment="Health of all accounts after the last upload of a week, of customers with many accounts: a copy "
    "of what the histories say, for charts.",
)
