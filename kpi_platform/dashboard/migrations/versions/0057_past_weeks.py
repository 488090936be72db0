"""The weeks before the first load of new customers; those that exist keep the history that they have."""

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.migrations import old_values
from kpi_platform.dashboard.types import Slug, UtcDateTime

revision = "0057"
down_revision = "0053"
branch_labels = None
depends_on = None

_STATES = ("waiting", "running", "loaded", "failed", "cancelled")

_OLD = {"update.history_weeks": 0}
"""By the path of the setting."""


def upgrade() -> None:
    op.create_table(
        "past_weeks",
        sa.Column(
            "customer_id", sa.Integer, sa.ForeignKey("customers.id"), primary_key=True, autoincrement=False
        ),
        sa.Column("as_of", UtcDateTime, primary_key=True),
        sa.Column("state", Slug, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False, comment="When the state became what it is."),
        sa.CheckConstraint(
            " OR ".join(f"state = '{one}'" for one in _STATES),
            name=op.f("ck_past_weeks_state"),
        ),
        comment="The instants before a customer's first load that are computed in the background.",
    )
    op.create_index(op.f("ix_past_weeks_state"), "past_weeks", ["state"])
    old_values.state(_OLD)


def downgrade() -> None:
    old_values.remove([*_OLD])
    op.drop_table("past_weeks")
