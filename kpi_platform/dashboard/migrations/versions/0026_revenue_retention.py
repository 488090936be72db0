"""Revenue retention of the segments of accounts, by upload."""

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.types import Slug, UtcDateTime

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_AMOUNTS = ("starting_arr", "expansion", "contraction", "churned", "ending_arr")


def upgrade() -> None:
    op.create_table(
        "revenue_retention",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("upload_version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("segment_kind", Slug, autoincrement=False, nullable=False),
        sa.Column("segment", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("arr_currency", Slug, autoincrement=False, nullable=False),
        sa.Column("accounts", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Float(), nullable=False) for name in _AMOUNTS),
        sa.Column("net_revenue_retention", sa.Float()),
        sa.Column("gross_revenue_retention", sa.Float()),
        sa.Column("as_of", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id", "upload_version"],
            ["kpi_uploads.customer_id", "kpi_uploads.version"],
            name=op.f("fk_revenue_retention_kpi_uploads"),
        ),
        sa.PrimaryKeyConstraint(
            "customer_id",
            "upload_version",
            "segment_kind",
            "segment",
            "arr_currency",
            name=op.f("pk_revenue_retention"),
        ),
        comment="A segment or currency that the source leaves empty is an empty text.",
    )


def downgrade() -> None:
    op.drop_table("revenue_retention")
