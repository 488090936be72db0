"""Webhooks of Fivetran that have arrived."""

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.types import Slug, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fivetran_events",
        sa.Column("sync_id", Slug, nullable=False),
        sa.Column("event", Slug, nullable=False),
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("sync_id", "event", name=op.f("pk_fivetran_events")),
        comment="Webhooks that have arrived: one is taken once, and hastens the look at Fivetran.",
    )
    op.create_index(op.f("ix_fivetran_events_received_at"), "fivetran_events", ["received_at"])


def downgrade() -> None:
    op.drop_table("fivetran_events")
