"""People, and whose each token is. Tokens of before are nobody's: they go on as they are."""

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.types import Slug, UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True, comment="NULL: the operator's."),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False, comment="In small letters."),
        sa.Column("scope", Slug, nullable=False),
        sa.Column("invited_by", sa.Text(), nullable=False),
        sa.Column("invited_at", UtcDateTime(), nullable=False),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "scope = 'read' OR scope = 'write' OR scope = 'admin'", name=op.f("ck_people_scope")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_people_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        comment="Who uses the web app and the API.",
    )
    op.create_index(op.f("ix_people_customer_id_email"), "people", ["customer_id", "email"], unique=False)
    op.add_column("api_tokens", sa.Column("person_id", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_api_tokens_person_id"), "api_tokens", ["person_id"], unique=False)


def downgrade() -> None:
    """Revokes the tokens of people, whose roles the older version does not know."""
    op.execute("UPDATE api_tokens SET revoked_at = CURRENT_TIMESTAMP WHERE person_id IS NOT NULL")
    op.execute(
        "DELETE FROM sessions WHERE token_id IN (SELECT id FROM api_tokens WHERE person_id IS NOT NULL)"
    )
    op.drop_index(op.f("ix_api_tokens_person_id"), table_name="api_tokens")
    op.drop_column("api_tokens", "person_id")
    op.drop_table("people")
