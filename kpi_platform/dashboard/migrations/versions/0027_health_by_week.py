"""Values that an upload took away, and the health of all accounts at the end of each week.

The weeks are a copy, which the next load of each customer makes.
"""

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.types import Slug

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_LOST = """
INSERT INTO lost_values (customer_id, upload_version, account_id, kpi, value)
SELECT customer_id, upload_version, account_id, kpi, was FROM (
    SELECT customer_id, upload_version, account_id, kpi, value, change,
        lag(value) OVER (PARTITION BY customer_id, account_id, kpi ORDER BY upload_version) AS was
    FROM kpi_history WHERE change <> 'history_only'
) AS shown
WHERE change = 'updated' AND value IS NULL AND was IS NOT NULL
"""


def upgrade() -> None:
    op.create_table(
        "lost_values",
        sa.Column("customer_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("upload_version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("account_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kpi", Slug, primary_key=True, autoincrement=False),
        sa.Column("value", sa.Float, nullable=False, comment="The value before the upload."),
        comment="Values that an upload took away: the KPI had one before it, and none after it.",
    )
    op.create_table(
        "health_weeks",
        sa.Column("customer_id", sa.Integer, sa.ForeignKey("customers.id"), primary_key=True),
        sa.Column("upload_version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("accounts", sa.LargeBinary, nullable=False, comment="Ids, ascending; 4 bytes each."),
        sa.Column("scores", sa.LargeBinary, nullable=False, comment="Health scores; 8 bytes each."),
        sa.Column("money", sa.LargeBinary, nullable=False, comment="8 bytes each."),
        sa.Column("is_arr", sa.Boolean, nullable=False, comment="Whether `money` is ARR; else revenue."),
        comment="Health of all accounts after the last upload of a week, of customers with many accounts: a "
        "copy of what the histories say, for charts.",
    )
    op.execute(_LOST)


def downgrade() -> None:
    op.drop_table("health_weeks")
    op.drop_table("lost_values")
