"""How many accounts the newest build found, and why others do not count; how many rows a value needs."""

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.types import JSON, UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_counts",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_account_counts_customers")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_account_counts")),
        comment="How many accounts the newest build found, by type and by why they do not count.",
    )
    op.add_column(
        "kpi_definitions", sa.Column("min_sample", sa.Integer(), nullable=False, server_default="1")
    )


def downgrade() -> None:
    op.drop_column("kpi_definitions", "min_sample")
    op.drop_table("account_counts")
