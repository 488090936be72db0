"""Alerts that are open, and what the newest checks of each customer found."""

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.types import JSON, Slug, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("kind", Slug, nullable=False),
        sa.Column("subject", Slug, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("next_step", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.Column("cleared_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_alerts_customers")),
        sa.PrimaryKeyConstraint("customer_id", "kind", "subject", name=op.f("pk_alerts")),
        comment="What a person was told, once for as long as it lasts.",
    )
    op.create_table(
        "check_results",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("suite", Slug, nullable=False),
        sa.Column("checked_at", UtcDateTime(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("passed", sa.Integer(), nullable=False),
        sa.Column("findings", JSON, nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_check_results_customers")),
        sa.PrimaryKeyConstraint("customer_id", "suite", name=op.f("pk_check_results")),
        comment="The newest outcome of each suite of checks: how many passed, and what the others found.",
    )


def downgrade() -> None:
    op.drop_table("check_results")
    op.drop_table("alerts")
