"""The support of each account beside its health score, and decisions that join an account's incidents.

Support is 90 days in figures, and SLA breaches by category.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TABLES = ("account_health", "account_health_history")
_COLUMNS: tuple[tuple[str, type[sa.Float[float]] | type[sa.Text]], ...] = (
    ("total_tickets", sa.Float),
    ("critical_tickets", sa.Float),
    ("sla_compliance_percent", sa.Float),
    ("avg_first_response_hours", sa.Float),
    ("avg_resolution_hours", sa.Float),
    ("avg_satisfaction", sa.Float),
    ("reopen_rate_percent", sa.Float),
    ("escalation_rate_percent", sa.Float),
    ("tickets_last_7_days", sa.Float),
    ("tickets_prior_7_days", sa.Float),
    ("sla_breaches", sa.Text),
)


def upgrade() -> None:
    for table in _TABLES:
        for name, type_ in _COLUMNS:
            op.add_column(table, sa.Column(name, type_(), nullable=True))
    op.add_column(
        "match_decisions",
        sa.Column(
            "same_name",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="An account that only ServiceNow knew: its incidents join the account's Salesforce "
            "record.",
        ),
    )


def downgrade() -> None:
    op.drop_column("match_decisions", "same_name")
    for table in _TABLES:
        for name, _ in _COLUMNS:
            op.drop_column(table, name)
