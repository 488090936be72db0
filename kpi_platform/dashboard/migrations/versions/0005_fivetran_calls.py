"""How many calls Fivetran's API got in each hour."""

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.types import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fivetran_calls",
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hour", name=op.f("pk_fivetran_calls")),
        comment="Calls of Fivetran's API by hour, of all processes: what the budget is planned with.",
    )


def downgrade() -> None:
    op.drop_table("fivetran_calls")
