"""Groups of peers with their usual values: a copy, which each customer's next load makes."""

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.types import JSON

revision = "0036"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "peer_groups",
        sa.Column(
            "customer_id", sa.Integer, sa.ForeignKey("customers.id"), primary_key=True, autoincrement=False
        ),
        sa.Column("industry", sa.Text, primary_key=True, comment="Empty: all accounts."),
        sa.Column("measures", JSON, nullable=False, comment="KPIs, and the health score; in order."),
        sa.Column(
            "accounts", sa.LargeBinary, nullable=False, comment="Accounts of each measure; 4 bytes each."
        ),
        sa.Column("points", sa.LargeBinary, nullable=False, comment="By measure, ascending; 8 bytes each."),
        comment="The values of groups of accounts in order: a copy of what is shown, which each load and "
        "each roll-back make anew.",
    )


def downgrade() -> None:
    op.drop_table("peer_groups")
