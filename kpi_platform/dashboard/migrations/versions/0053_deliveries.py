"""Alerts over several channels, each taken once; customers that exist have no limit of alerts, as before."""

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.migrations import old_values
from kpi_platform.dashboard.types import Slug, UtcDateTime

revision = "0053"
down_revision = "0056"
branch_labels = None
depends_on = None

_OLD = {"alerts.most_per_hour": 0}
_NEW = (
    "alerts.email_to",
    "alerts.slack_url_secret",
    "alerts.teams_url_secret",
    "alerts.digest",
    "alerts.digest_hour",
)


def upgrade() -> None:
    op.create_table(
        "deliveries",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("notice", Slug, nullable=False),
        sa.Column("channel", Slug, nullable=False),
        sa.Column(
            "message", sa.Text(), nullable=False, comment="What it was sent in: itself, or several as one."
        ),
        sa.Column("claimed_at", UtcDateTime(), nullable=False),
        sa.Column("taken_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_deliveries_customers")),
        sa.PrimaryKeyConstraint("customer_id", "notice", "channel", name=op.f("pk_deliveries")),
        comment="Through which channel each notice was sent, so that it goes through each once.",
    )
    old_values.state(_OLD)


def downgrade() -> None:
    old_values.remove((*_OLD, *_NEW))
    op.drop_table("deliveries")
