"""Back-tests of the health score, and their reports."""

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.types import JSON, Slug, UtcDateTime

revision = "0048"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "backtests",
        sa.Column("id", Slug, nullable=False, autoincrement=False),
        sa.Column("customer_id", sa.Integer, nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("asked_at", UtcDateTime, nullable=False),
        sa.Column("as_of", UtcDateTime, nullable=False, comment="Outcomes at or after it do not exist."),
        sa.Column("first_instant", UtcDateTime, nullable=False),
        sa.Column("last_instant", UtcDateTime, nullable=False),
        sa.Column("every", Slug, nullable=False, comment="Such as 1 month."),
        sa.Column("horizon_days", sa.Integer, nullable=False),
        sa.Column("gap_days", sa.Integer, nullable=False),
        sa.Column("settings_version", sa.Integer, nullable=False, comment="0: none was saved."),
        sa.Column("state", Slug, nullable=False),
        sa.Column("seen_at", UtcDateTime, nullable=False, comment="When a process last worked on it."),
        sa.Column("attempts", sa.Integer, nullable=False, comment="Processes that have begun it."),
        sa.Column("done", sa.Integer, nullable=False, comment="Instants."),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("ended_at", UtcDateTime),
        sa.Column("auc", sa.Float, comment="Of the report."),
        sa.Column("report", JSON),
        sa.Column("error", sa.Text),
        sa.CheckConstraint(
            "state = 'running' OR state = 'done' OR state = 'failed' OR state = 'cancelled'",
            name=op.f("ck_backtests_state"),
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_backtests_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backtests")),
        comment="Back-tests: what was asked, how far it is, and the report.",
    )
    op.create_index(op.f("ix_backtests_customer_id"), "backtests", ["customer_id"], unique=False)


def downgrade() -> None:
    op.drop_table("backtests")
