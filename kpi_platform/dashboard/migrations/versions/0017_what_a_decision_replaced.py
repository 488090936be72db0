"""The match that a decision has replaced, so that undoing it brings that back."""

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.types import JSON

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "match_decisions",
        sa.Column(
            "replaced",
            JSON,
            nullable=True,
            comment="The match, its link and the decisions that undoing this one brings back. NULL: of a "
            "version that did not keep them.",
        ),
    )


def downgrade() -> None:
    op.drop_column("match_decisions", "replaced")
