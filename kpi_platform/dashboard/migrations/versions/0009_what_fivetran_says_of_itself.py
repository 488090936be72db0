"""Syncs that were put off, could not be asked for, or are the first; what is known of Fivetran's account."""

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.types import JSON, UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_NEW = ("put_off_until", "unreached_at", "first_sync_since")


def upgrade() -> None:
    for name in _NEW:
        op.add_column("source_states", sa.Column(name, UtcDateTime()))
    op.create_table(
        "fivetran_account",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hourly_limit", sa.Integer()),
        sa.Column("blocked_until", UtcDateTime()),
        sa.Column("webhook", JSON, nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fivetran_account")),
        comment="What Fivetran says of the account, in one row: its limit of calls, and our webhook.",
    )


def downgrade() -> None:
    op.drop_table("fivetran_account")
    for name in _NEW:
        op.drop_column("source_states", name)
