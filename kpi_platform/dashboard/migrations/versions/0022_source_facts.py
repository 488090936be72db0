"""Facts of the source about an account that waits for review. The next matching fills them in."""

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.types import JSON

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_COMMENT = "Of a review: what the source says of the account."


def upgrade() -> None:
    op.add_column("account_matches", sa.Column("facts", JSON, nullable=True, comment=_COMMENT))


def downgrade() -> None:
    op.drop_column("account_matches", "facts")
