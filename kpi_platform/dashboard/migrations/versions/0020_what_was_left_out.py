"""How many rows were left out of a value that is missing for it, and why most of them were."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_TABLES = ("kpis", "kpi_history")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("left_out_count", sa.BigInteger(), nullable=True))
        op.add_column(table, sa.Column("left_out_reason", sa.Text(), nullable=True))


def downgrade() -> None:
    for table in _TABLES:
        op.drop_column(table, "left_out_reason")
        op.drop_column(table, "left_out_count")
