"""Previews, which are computed in the background."""

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.types import JSON, Slug, UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "previews",
        sa.Column("id", Slug, nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("kind", Slug, nullable=False),
        sa.Column("state", Slug, nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False, comment="When the server last worked on it."),
        sa.Column("done", sa.Integer(), nullable=False, comment="Models of dbt."),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("answer", JSON, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("kind = 'settings' OR kind = 'custom_kpi'", name=op.f("ck_previews_kind")),
        sa.CheckConstraint(
            "state = 'running' OR state = 'done' OR state = 'failed' OR state = 'cancelled'",
            name=op.f("ck_previews_state"),
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_previews_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_previews")),
        comment="What changed settings would do, for a day: asked for on a page, computed in the background.",
    )
    op.create_index(op.f("ix_previews_customer_id"), "previews", ["customer_id"], unique=False)
    op.create_index(op.f("ix_previews_asked_at"), "previews", ["asked_at"], unique=False)


def downgrade() -> None:
    op.drop_table("previews")
