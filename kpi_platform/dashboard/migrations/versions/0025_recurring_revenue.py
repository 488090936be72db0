"""The recurring revenue of accounts, and what a KPI was measured by. The next load fills them in."""

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.types import Slug

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("accounts", "account_history"):
        op.add_column(table, sa.Column("arr", sa.Float()))
        op.add_column(table, sa.Column("arr_in_grace", sa.Float()))
        op.add_column(table, sa.Column("next_renewal_date", Slug))
        op.add_column(table, sa.Column("arr_currency", sa.Text()))
    op.add_column(
        "kpi_definitions",
        sa.Column("basis", Slug, comment="What the KPI was measured by, if there are several."),
    )


def downgrade() -> None:
    op.drop_column("kpi_definitions", "basis")
    for table in ("accounts", "account_history"):
        for name in ("arr_currency", "next_renewal_date", "arr_in_grace", "arr"):
            op.drop_column(table, name)
