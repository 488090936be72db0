"""Sessions of the web app are rows, which signing out deletes. Whoever is signed in signs in again."""

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.types import Slug, UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "api_tokens",
        sa.Column(
            "single_session",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="Of a sign-in link: the token ends with the session that the link has started.",
        ),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", Slug, nullable=False, comment="Of what the cookie holds."),
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["token_id"], ["api_tokens.id"], name=op.f("fk_sessions_api_tokens"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_sessions")),
        comment="Browsers that are signed in. A session that has ended has no row.",
    )
    op.create_index(op.f("ix_sessions_token_id"), "sessions", ["token_id"])
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"])

    tokens = sa.table(
        "api_tokens",
        sa.column("created_by"),
        sa.column("last_used_at"),
        sa.column("revoked_at", UtcDateTime()),
        sa.column("single_session"),
    )
    of_links = tokens.c.created_by == "kpi-platform"
    op.execute(sa.update(tokens).where(of_links).values(single_session=sa.true()))
    # Their sessions have ended with this migration, and nobody has their text.
    used = sa.and_(of_links, tokens.c.last_used_at.is_not(None), tokens.c.revoked_at.is_(None))
    op.execute(sa.update(tokens).where(used).values(revoked_at=tokens.c.last_used_at))


def downgrade() -> None:
    op.drop_table("sessions")
    op.drop_column("api_tokens", "single_session")
