"""Loads that are held back, and what uploads are compared with."""

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.types import JSON, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "kpi_uploads",
        sa.Column(
            "profile",
            JSON,
            nullable=True,
            comment="What came in, in figures: what the next load is compared with.",
        ),
    )
    op.create_table(
        "load_holds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("profile", JSON, nullable=False),
        sa.Column("held_at", UtcDateTime(), nullable=False),
        sa.Column("released_at", UtcDateTime(), nullable=True),
        sa.Column("released_by", sa.Text(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_load_holds_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_load_holds")),
        comment="Loads that would have done harm: at most one of a customer waits for somebody's decision.",
    )
    op.create_index(
        "uq_load_holds_open",
        "load_holds",
        ["customer_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("load_holds")
    op.drop_column("kpi_uploads", "profile")
