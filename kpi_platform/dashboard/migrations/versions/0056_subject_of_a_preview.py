"""The subject of a preview: whoever left the form finds it there again."""

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.types import Slug

revision = "0056"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Previews are kept for a day: those of before are asked for again.
    op.execute("DELETE FROM previews")
    with op.batch_alter_table("previews") as table:
        table.add_column(
            sa.Column(
                "subject", Slug, nullable=False, comment="The section, or the custom KPI; new: one to be."
            )
        )


def downgrade() -> None:
    with op.batch_alter_table("previews") as table:
        table.drop_column("subject")
